import { Badge, Box, Text } from '@adminjs/design-system';
import React from 'react';
import { Link } from 'react-router-dom';
import { grouped, moment, money, recordUrl, resourceOfId, words, wordsOfName } from './format.js';
import { jsonOf, Labelled, Nothing, type PropertyProps } from './property.js';

type Variant = 'default' | 'primary' | 'success' | 'danger' | 'info' | 'secondary';

/** By what a word means for the reader: done, waits, wrong, over. */
const VARIANTS: Record<string, Variant> = {
  active: 'success',
  paid: 'success',
  completed: 'success',
  processed: 'success',
  approved: 'success',
  attributed: 'success',
  payable: 'primary',
  sending: 'primary',
  in_payout: 'primary',
  pending: 'info',
  open: 'info',
  held: 'info',
  trial: 'info',
  awaiting_approval: 'info',
  waiting_for_funds: 'info',
  reserving: 'info',
  failed: 'danger',
  suspended: 'danger',
  rejected: 'danger',
  refused: 'danger',
  reversed: 'danger',
  commission_reversed: 'danger',
  commission_earned: 'success',
  payout_paid: 'success',
};

export const StatusBadge: React.FC<{ status: string }> = ({ status }) => (
  <Badge variant={VARIANTS[status] ?? 'default'} outline size="sm" style={{ whiteSpace: 'nowrap' }}>
    {words(status)}
  </Badge>
);

export const Status: React.FC<PropertyProps> = (props) => {
  const status = props.record.params[props.property.path] as string | null;
  return <Labelled {...props}>{status ? <StatusBadge status={status} /> : <Nothing />}</Labelled>;
};

export const Moment: React.FC<PropertyProps> = (props) => {
  const iso = props.record.params[props.property.path] as string | null;
  return (
    <Labelled {...props}>
      {iso ? (
        <time dateTime={iso} title={iso} style={{ whiteSpace: 'nowrap' }}>
          {moment(iso)}
        </time>
      ) : (
        <Nothing />
      )}
    </Labelled>
  );
};

export const Money: React.FC<PropertyProps> = (props) => {
  const text = props.record.params[props.property.path] as string | null;
  return (
    <Labelled {...props}>
      {text ? (
        <span style={{ whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' }}>{grouped(text)}</span>
      ) : (
        <Nothing />
      )}
    </Labelled>
  );
};

export const Count: React.FC<PropertyProps> = (props) => {
  const value = props.record.params[props.property.path] as string | number | null | undefined;
  return <Labelled {...props}>{value === null || value === undefined ? <Nothing /> : grouped(value)}</Labelled>;
};

/** Long texts are cut in a list; the record's page has all of it. */
const LIST_TEXT_MAX = 110;

/** What is short enough to stand in one line: codes and names would else be broken in their middle. */
const ONE_LINE_MAX = 24;

export const Plain: React.FC<PropertyProps> = (props) => {
  const value = props.record.params[props.property.path] as string | number | null | undefined;
  const text = String(value ?? '');
  const isWide = text.length > 60 && props.where === 'list';
  return (
    <Labelled {...props}>
      {text === '' ? (
        <Nothing />
      ) : isWide ? (
        <span title={text} style={{ display: 'inline-block', minWidth: 220, maxWidth: 340, lineHeight: 1.35 }}>
          {text.length > LIST_TEXT_MAX ? `${text.slice(0, LIST_TEXT_MAX)}…` : text}
        </span>
      ) : (
        <span
          style={
            props.where === 'show'
              ? { overflowWrap: 'anywhere' }
              : text.length <= ONE_LINE_MAX
                ? { whiteSpace: 'nowrap' }
                : {}
          }
        >
          {text}
        </span>
      )}
    </Labelled>
  );
};

/** A code of ours, said in words. */
export const Words: React.FC<PropertyProps> = (props) => {
  const code = props.record.params[props.property.path] as string | null;
  return (
    <Labelled {...props}>
      {code ? <span style={{ whiteSpace: 'nowrap' }}>{wordsOfName(code)}</span> : <Nothing />}
    </Labelled>
  );
};

export const YesNo: React.FC<PropertyProps> = (props) => {
  const value = props.record.params[props.property.path] as boolean | null;
  return <Labelled {...props}>{value === null ? <Nothing /> : value ? 'yes' : 'no'}</Labelled>;
};

interface Amount {
  currency: string;
  amountMinor: string;
}

/** One amount for each currency: they never mix. */
export const Amounts: React.FC<PropertyProps> = (props) => {
  const amounts = jsonOf(props) as Amount[] | null;
  return (
    <Labelled {...props}>
      {amounts && amounts.length > 0 ? (
        amounts.map(({ currency, amountMinor }) => (
          <div key={currency} style={{ whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' }}>
            {money(amountMinor, currency)}
          </div>
        ))
      ) : (
        <Nothing />
      )}
    </Labelled>
  );
};

/** An id as a link to what it names. */
export const IdText: React.FC<{ id: string }> = ({ id }) => {
  const resource = resourceOfId(id);
  return resource ? <Link to={recordUrl(resource, id)}>{id}</Link> : <span>{id}</span>;
};

export const IdLink: React.FC<PropertyProps> = (props) => {
  const subject = jsonOf(props) as { id: string; type: string } | null;
  return (
    <Labelled {...props}>
      {subject ? (
        <>
          {words(subject.type)} <IdText id={subject.id} />
        </>
      ) : (
        <Nothing />
      )}
    </Labelled>
  );
};

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

const ISO_MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** Names and values, indented; ids are links. `inWords` for what people read, not for what a program sent. */
export const Tree: React.FC<{ value: Json; inWords?: boolean }> = ({ value, inWords = false }) => {
  if (value === null || value === '') return <Nothing />;
  if (typeof value === 'string' && inWords && ISO_MOMENT.test(value))
    return (
      <time dateTime={value} title={value}>
        {moment(value)}
      </time>
    );
  if (typeof value === 'string') return <IdText id={value} />;
  if (typeof value !== 'object') return <span>{String(value)}</span>;
  const entries = Object.entries(value);
  if (entries.length === 0) return <Nothing />;
  return (
    <Box as="dl" style={{ display: 'grid', gap: 4 }}>
      {entries.map(([name, inner]) => {
        const isNested = typeof inner === 'object' && inner !== null && Object.keys(inner).length > 0;
        return (
          <div key={name} style={isNested ? {} : { display: 'flex', gap: 8, flexWrap: 'wrap' }}>
            <dt style={{ color: '#475569', minWidth: 150 }}>{inWords ? wordsOfName(name) : name}</dt>
            <dd
              style={
                isNested
                  ? { borderLeft: '2px solid #e2e8f0', paddingLeft: 12, margin: '4px 0' }
                  : { overflowWrap: 'anywhere' }
              }
            >
              <Tree value={inner} inWords={inWords} />
            </dd>
          </div>
        );
      })}
    </Box>
  );
};

export const JsonTree: React.FC<PropertyProps> = (props) => {
  const value = jsonOf(props) as Json | null;
  return (
    <Labelled {...props}>
      <Box style={{ fontSize: 13, lineHeight: 1.5 }}>
        <Tree value={value} />
      </Box>
    </Labelled>
  );
};

/** What is called nothing in particular, in small grey letters. */
export const Small: React.FC<{ children: React.ReactNode }> = ({ children }) => (
  <Text as="span" fontSize="sm" color="grey60">
    {children}
  </Text>
);
