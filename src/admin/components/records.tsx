import { Box, Text } from '@adminjs/design-system';
import React from 'react';
import { Link } from 'react-router-dom';
import { listUrl, moment, money, words } from './format.js';
import { jsonOf, Labelled, Nothing, type PropertyProps } from './property.js';
import { SmallTable } from './tables.js';
import { IdText, Small, Tree, type Json } from './values.js';

interface BalanceRow {
  currency: string;
  held: string;
  payable: string;
  inPayout: string;
  paid: string;
  lifetimeEarned: string;
}

export const Balances: React.FC<PropertyProps> = (props) => {
  const rows = (jsonOf(props) ?? []) as BalanceRow[];
  const figure = (amountMinor: string, currency: string): React.ReactNode => money(amountMinor, currency);
  return (
    <Labelled {...props}>
      {rows.length === 0 ? (
        <Small>Nothing was earned yet.</Small>
      ) : (
        <SmallTable
          caption="Balances by currency"
          heads={['Held', 'Payable', 'In payout', 'Paid', 'Earned in all'].map((text) => ({ text, isFigure: true }))}
          rows={rows.map(({ currency, held, payable, inPayout, paid, lifetimeEarned }) =>
            [held, payable, inPayout, paid, lifetimeEarned].map((amountMinor) => figure(amountMinor, currency)),
          )}
        />
      )}
    </Labelled>
  );
};

interface RelatedIds {
  affiliateId?: string;
  referralId?: string;
  referredUserId?: string;
  commissionId?: string;
  payoutId?: string;
  runId?: string;
  planId?: string;
  staffUserId?: string;
  /** Lists that the server names itself. */
  lists?: { name: string; resource: string; filters: Record<string, string> }[];
}

/** Lists that are narrowed down to this record. */
function relatedLists(ids: RelatedIds): [string, string][] {
  const {
    affiliateId,
    referralId,
    referredUserId,
    commissionId,
    payoutId,
    runId,
    planId,
    staffUserId,
    lists = [],
  } = ids;
  return [
    ...(affiliateId
      ? ([
          ['Referrals', listUrl('referrals', { affiliateId })],
          ['Commissions', listUrl('commissions', { affiliateId })],
          ['Payouts', listUrl('payouts', { affiliateId })],
          ['Ledger', listUrl('ledger', { affiliateId })],
          ['Clicks', listUrl('clicks', { affiliateId })],
          ['Promotion codes', listUrl('promotion-codes', { affiliateId })],
          ['Review cases', listUrl('review-cases', { affiliateId })],
          ['Audit log', listUrl('audit-log', { subjectId: affiliateId })],
        ] satisfies [string, string][])
      : []),
    ...(referralId ? ([['Commissions', listUrl('commissions', { referralId })]] satisfies [string, string][]) : []),
    ...(referredUserId
      ? ([['Attribution decisions', listUrl('decisions', { referredUserId })]] satisfies [string, string][])
      : []),
    ...(commissionId ? ([['Ledger entries', listUrl('ledger', { commissionId })]] satisfies [string, string][]) : []),
    ...(payoutId ? ([['Ledger entries', listUrl('ledger', { payoutId })]] satisfies [string, string][]) : []),
    ...(runId
      ? ([
          ['Payouts', listUrl('payouts', { runId })],
          ['Failed payouts', listUrl('payouts', { runId, status: 'failed' })],
          ['Audit log', listUrl('audit-log', { subjectId: runId })],
        ] satisfies [string, string][])
      : []),
    ...(planId
      ? ([
          ['Versions', listUrl('plan-versions', { planId })],
          ['Audit log', listUrl('audit-log', { subjectId: planId })],
        ] satisfies [string, string][])
      : []),
    ...(staffUserId
      ? ([['Audit log', listUrl('audit-log', { actorId: staffUserId })]] satisfies [string, string][])
      : []),
    ...lists.map(({ name, resource, filters }): [string, string] => [name, listUrl(resource, filters)]),
  ];
}

export const Related: React.FC<PropertyProps> = (props) => {
  const lists = relatedLists(jsonOf(props) ?? {});
  return (
    <Labelled {...props}>
      <nav aria-label="Related lists" style={{ display: 'flex', flexWrap: 'wrap', gap: 8 }}>
        {lists.map(([name, to]) => (
          <Link
            key={name}
            to={to}
            style={{
              padding: '7px 12px',
              border: '1px solid #cbd5e1',
              borderRadius: 8,
              textDecoration: 'none',
              color: '#1d4ed8',
              background: '#fff',
            }}
          >
            {name}
          </Link>
        ))}
      </nav>
    </Labelled>
  );
};

interface Signal {
  key: string;
  summary: string;
  evidence: Record<string, never>;
  foundAt: string;
  stripeEventId: string | null;
  referralId: string | null;
  /** The other party. */
  subject: string | null;
}

/** What a rule found, the newest first, with everything it went by. */
export const Evidence: React.FC<PropertyProps> = (props) => {
  const signals = (jsonOf(props) ?? []) as Signal[];
  return (
    <Labelled {...props}>
      {signals.length === 0 ? (
        <Nothing />
      ) : (
        signals.map((signal) => (
          <Box
            key={signal.key}
            as="article"
            bg="white"
            p="lg"
            mb="default"
            style={{ border: '1px solid #e2e8f0', borderRadius: 8 }}
          >
            <Text fontWeight="bold" style={{ lineHeight: 1.4 }}>
              {signal.summary}
            </Text>
            <Box my="sm">
              <Small>
                found {moment(signal.foundAt)}
                {signal.subject ? (
                  <>
                    , the other party is <IdText id={signal.subject} />
                  </>
                ) : null}
                {signal.referralId ? (
                  <>
                    , about <IdText id={signal.referralId} />
                  </>
                ) : null}
                {signal.stripeEventId ? (
                  <>
                    , by <IdText id={signal.stripeEventId} />
                  </>
                ) : null}
              </Small>
            </Box>
            <Box style={{ fontSize: 13, lineHeight: 1.5 }}>
              <Tree value={signal.evidence} inWords />
            </Box>
          </Box>
        ))
      )}
    </Labelled>
  );
};

type RuleFinding = { rule: string; finding: string } & Record<string, Json>;

export const RuleTrace: React.FC<PropertyProps> = (props) => {
  const findings = (jsonOf(props) ?? []) as RuleFinding[];
  return (
    <Labelled {...props}>
      <ol aria-label="Rules in the order they were asked">
        {findings.map(({ rule, finding, ...rest }) => (
          <li
            key={rule}
            style={{ padding: '10px 0', borderBottom: '1px solid #e2e8f0', fontSize: 13, lineHeight: 1.5 }}
          >
            <strong style={{ fontWeight: 600 }}>{words(rule)}</strong>
            <Tree value={{ finding: words(finding), ...rest }} inWords />
          </li>
        ))}
      </ol>
    </Labelled>
  );
};

interface PostingRow {
  account: string;
  amountMinor: string;
  currency: string;
}

export const Postings: React.FC<PropertyProps> = (props) => {
  const rows = (jsonOf(props) ?? []) as PostingRow[];
  return (
    <Labelled {...props}>
      <SmallTable
        caption="Postings, which sum to zero"
        heads={[{ text: 'Account' }, { text: 'Amount', isFigure: true }]}
        rows={rows.map(({ account, amountMinor, currency }) => [words(account), money(amountMinor, currency)])}
      />
    </Labelled>
  );
};
