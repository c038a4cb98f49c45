import { useId, useState } from 'react';
import { useOverview, useSubIds } from '../../api/queries';
import type { Overview } from '../../api/types';
import { useLanguage } from '../../i18n/language';
import { Card } from '../../ui/card';
import { CopyButton } from '../../ui/copy-button';
import { DataTable } from '../../ui/data-table';
import { Page } from '../../ui/page';
import { QrCode } from '../../ui/qr-code';
import { Loaded } from '../../ui/states';
import { buildDeepLink, SUB_ID_LENGTH_MAX, type DeepLink } from './deep-link';

export function LinksPage() {
  const { texts } = useLanguage();
  const overview = useOverview();
  return (
    <Page title={texts.links.title} intro={texts.links.intro}>
      <Card>
        <Loaded query={overview}>{(data) => <Builder overview={data} />}</Loaded>
      </Card>
      <SubIdClicks />
    </Page>
  );
}

function Builder({ overview: { affiliate, deepLinks } }: { overview: Overview }) {
  const { texts, formats } = useLanguage();
  const words = texts.links;
  const id = useId();
  const [page, setPage] = useState('');
  const [sub, setSub] = useState('');
  const link = buildDeepLink(affiliate.referralUrl, page, sub, deepLinks);
  const problem = 'problem' in link ? problemText(link.problem) : null;

  function problemText(code: Extract<DeepLink, { problem: string }>['problem']): string {
    if (code === 'too_long') return words.tooLong;
    return code === 'not_allowed' ? words.notAllowed(formats.list(deepLinks.allowedHosts)) : words.notAnAddress;
  }

  return (
    <div className="builder">
      <div className="builder-fields">
        <div className="field">
          <label htmlFor={`${id}page`}>
            {words.page} <span className="fine">{words.optional}</span>
          </label>
          <input
            id={`${id}page`}
            value={page}
            onChange={({ target }) => setPage(target.value)}
            placeholder={words.pagePlaceholder}
            autoComplete="off"
            spellCheck={false}
            inputMode="url"
            aria-invalid={problem !== null}
            aria-describedby={`${id}page-hint`}
          />
          <p id={`${id}page-hint`} className={problem ? 'field-error' : 'fine'} aria-live="polite">
            {problem ?? words.pageHint(new URL(deepLinks.siteUrl).host)}
          </p>
        </div>
        <div className="field">
          <label htmlFor={`${id}sub`}>
            {words.sub} <span className="fine">{words.optional}</span>
          </label>
          <input
            id={`${id}sub`}
            value={sub}
            maxLength={SUB_ID_LENGTH_MAX}
            onChange={({ target }) => setSub(target.value)}
            autoComplete="off"
            spellCheck={false}
            aria-describedby={`${id}sub-hint`}
          />
          <p id={`${id}sub-hint`} className="fine">
            {words.subHint}
          </p>
        </div>
      </div>
      {'url' in link && (
        <div className="builder-result">
          <QrCode url={link.url} />
          <div>
            <p className="label">{words.result}</p>
            <p className="link-text" data-testid="built-link">
              {link.url}
            </p>
            <p className="fine">{words.leadsTo(link.leadsTo)}</p>
            <CopyButton text={link.url} primary />
          </div>
        </div>
      )}
    </div>
  );
}

function SubIdClicks() {
  const { texts, formats } = useLanguage();
  const words = texts.links;
  const query = useSubIds();
  return (
    <Card title={words.subIds} bare>
      <Loaded query={query}>
        {(subIds) =>
          subIds.length === 0 ? (
            <p className="card-empty">{words.noSubIds}</p>
          ) : (
            <DataTable
              label={words.subIds}
              rows={subIds.map(({ subId, clicks }) => ({ id: subId, clicks }))}
              columns={[
                { key: 'sub', header: words.subId, lead: true, cell: ({ id }) => id },
                {
                  key: 'clicks',
                  header: words.clicks,
                  numeric: true,
                  sum: true,
                  cell: ({ clicks }) => formats.count(clicks),
                },
              ]}
            />
          )
        }
      </Loaded>
    </Card>
  );
}
