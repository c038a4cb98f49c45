import { Box, InfoBox, Text } from '@adminjs/design-system';
import { useFilterDrawer, useTranslation, type RecordJSON, type ResourceJSON } from 'adminjs';
import React, { useEffect, useRef } from 'react';
import { Link, useLocation } from 'react-router-dom';
import { listUrl, recordUrl, wordsOfName } from './format.js';
import { Nothing } from './property.js';

/** AdminJS hands on what it would have drawn itself. */
type Instead<P> = P & { OriginalComponent: React.FC<P> };

/** What a page is about, beside its menu. Where AdminJS finds nothing to show, the way back is in sight (page-html). */
export const MainPart: React.FC<Instead<object>> = ({ OriginalComponent, ...props }) => (
  <main data-css="main-part">
    <OriginalComponent {...props} />
    <WayBack />
  </main>
);

/** The start page, and what AdminJS would show it for: addresses that no page has. */
export const StartOrNothing: React.FC<Instead<object>> = ({ OriginalComponent, ...props }) => {
  const { pathname } = useLocation();
  const { translateMessage } = useTranslation();
  if (/^\/admin\/?$/.test(pathname)) return <OriginalComponent {...props} />;
  return (
    <main data-css="main-part">
      <InfoBox title={translateMessage('pageNotFound_title')} illustration="NotFound">
        <Text>{translateMessage('pageNotFound_subtitle')}</Text>
      </InfoBox>
      <WayBack />
    </main>
  );
};

const WayBack: React.FC = () => (
  <Link data-css="way-back" to="/admin">
    Go to the start page
  </Link>
);

/** The way to this page, in the words of its own headings. */
export const Breadcrumbs: React.FC<{ resource: ResourceJSON; record?: RecordJSON | null; actionName: string }> = ({
  resource,
  record,
  actionName,
}) => {
  const { translateAction, translateLabel } = useTranslation();
  const steps = [
    { to: '/admin', name: translateLabel('dashboard') },
    { to: listUrl(resource.id), name: translateLabel(resource.name, resource.id) },
    ...(record ? [{ to: recordUrl(resource.id, record.id), name: titleOf(record, resource) }] : []),
    ...(actionName === 'list' || actionName === 'show'
      ? []
      : [{ to: '', name: translateAction(actionName, resource.id) }]),
  ];
  return (
    <nav aria-label="The way here" style={{ flexGrow: 1, minWidth: 0, overflowWrap: 'anywhere', lineHeight: 1.5 }}>
      {steps.map(({ to, name }, index) =>
        index === steps.length - 1 ? (
          <span key={name} aria-current="page">
            {name}
          </span>
        ) : (
          <React.Fragment key={name}>
            <Link to={to} style={{ color: '#475569', textDecoration: 'underline' }}>
              {name}
            </Link>
            <span aria-hidden="true" style={{ padding: '0 8px', color: '#475569' }}>
              /
            </span>
          </React.Fragment>
        ),
      )}
    </nav>
  );
};

/** What a record is called: by its title, which may be a code of ours. */
export function titleOf({ id, title }: RecordJSON, { titleProperty }: ResourceJSON): string {
  return titleProperty.components?.list === 'Words' ? wordsOfName(title) : title || id;
}

/** Who is logged in, and the way out in sight: AdminJS shows it to a mouse only. */
export const LoggedIn: React.FC<{ session: { email: string; title?: string }; paths: { logoutPath: string } }> = ({
  session,
  paths,
}) => (
  <div
    data-css="logged-in"
    style={{ marginLeft: 'auto', display: 'flex', alignItems: 'center', gap: 20, padding: '0 24px', minWidth: 0 }}
  >
    <div style={{ textAlign: 'right', minWidth: 0, overflowWrap: 'anywhere', lineHeight: 1.35 }}>
      {session.email}
      <div style={{ fontSize: 12, color: '#475569' }}>{session.title}</div>
    </div>
    <a href={paths.logoutPath} style={{ whiteSpace: 'nowrap', padding: '6px 0' }}>
      Log out
    </a>
  </div>
);

/** Shut, it lies beside the window, where nobody should get by keyboard. */
export const Filters: React.FC<Instead<{ resource: ResourceJSON }>> = ({ OriginalComponent, ...props }) => {
  const { isVisible } = useFilterDrawer();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.toggleAttribute('inert', !isVisible);
  }, [isVisible]);
  return (
    // Takes no place beside the list, nor the gap before it.
    <div ref={box} style={{ marginLeft: -16 }}>
      <OriginalComponent {...props} />
    </div>
  );
};

/** Nothing at all, or nothing that fits: two different things to be told. */
export const EmptyList: React.FC<{ resource: ResourceJSON }> = ({ resource }) => {
  const { filtersCount } = useFilterDrawer();
  const { translateMessage } = useTranslation();
  return (
    <Box role="status" style={{ padding: '48px 16px', textAlign: 'center', color: '#475569' }}>
      {translateMessage(filtersCount > 0 ? 'noRecords' : 'noRecordsInResource', resource.id)}
    </Box>
  );
};

/** What a record refers to, by its title. */
export const Reference: React.FC<{
  property: { path: string; reference?: string | null };
  record: RecordJSON;
}> = ({ property, record }) => {
  const id: unknown = record.params[property.path];
  if (typeof id !== 'string' || id === '') return <Nothing />;
  const named = record.populated[property.path];
  if (!property.reference || !named?.recordActions.some(({ name }) => name === 'show'))
    return <span>{named?.title ?? id}</span>;
  return (
    <Link
      to={recordUrl(property.reference, id)}
      style={{ textDecoration: 'none' }}
      onClick={(event) => event.stopPropagation()}
    >
      {named.title || id}
    </Link>
  );
};
