import { Badge, Box, Text } from '@adminjs/design-system';
import { ApiClient } from 'adminjs';
import React, { useEffect, useState } from 'react';
import { Link } from 'react-router-dom';
import { listUrl, moment, money, words } from './format.js';
import { jsonOf, Labelled, Nothing, type PropertyProps } from './property.js';
import { SmallTable } from './tables.js';
import { IdText, Small, StatusBadge, Tree } from './values.js';

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
}

/** Lists that are narrowed down to this record. */
function relatedLists(ids: RelatedIds): [string, string][] {
  const { affiliateId, referralId, referredUserId, commissionId, payoutId, runId, planId, staffUserId } = ids;
  return [
    ...(affiliateId
      ? ([
          ['Referrals', listUrl('referrals', { affiliateId })],
          ['Commissions', listUrl('commissions', { affiliateId })],
          ['Payouts', listUrl('payouts', { affiliateId })],
          ['Ledger', listUrl('ledger', { affiliateId })],
          ['Clicks', listUrl('clicks', { affiliateId })],
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

interface Explanation {
  currency: string;
  base: number;
  taxAmount: number;
  invoiceAmountPaid: number;
  invoiceTotal: number;
  invoiceTotalExcludingTax: number;
  lost: number;
  rateBps: number;
  rateSource: string;
  formula: string;
  steps: {
    entryId: string;
    kind: string;
    occurredAt: string;
    change: number;
    netAmount: number;
    summary: string;
    formula: string | null;
    causes: { id: string; type: string; status: string; amount: number }[];
  }[];
}

/** A commission as it was worked out, and every entry that changed it since, the oldest first. */
export const CommissionSteps: React.FC<PropertyProps> = (props) => {
  const told = jsonOf(props) as Explanation | null;
  if (!told) return null;
  const { currency } = told;
  const inputs: [string, string][] = [
    ['Paid on the invoice', money(told.invoiceAmountPaid, currency)],
    ['Total of the invoice', money(told.invoiceTotal, currency)],
    ['of it tax', money(told.taxAmount, currency)],
    ['Base', money(told.base, currency)],
    ['Rate', `${told.rateBps / 100} %, ${told.rateSource === 'plan' ? 'by the plan' : 'the affiliate’s own'}`],
    ...(told.lost > 0 ? ([['Lost since', money(told.lost, currency)]] satisfies [string, string][]) : []),
  ];
  return (
    <Labelled {...props}>
      <Box>
        <dl style={{ display: 'grid', gridTemplateColumns: 'repeat(auto-fit, minmax(150px, 1fr))', gap: 12 }}>
          {inputs.map(([name, value]) => (
            <div key={name} style={{ background: '#f8fafc', borderRadius: 8, padding: '10px 12px' }}>
              <dt style={{ fontSize: 12, color: '#475569', marginBottom: 4 }}>{name}</dt>
              <dd style={{ fontWeight: 600, fontVariantNumeric: 'tabular-nums' }}>{value}</dd>
            </div>
          ))}
        </dl>
        <ol
          style={{ marginTop: 20, borderLeft: '2px solid #cbd5e1', marginLeft: 8 }}
          aria-label="What happened, step by step"
        >
          {told.steps.map((step) => (
            <li key={step.entryId} style={{ position: 'relative', padding: '0 0 20px 22px', lineHeight: 1.5 }}>
              <span
                aria-hidden
                style={{
                  position: 'absolute',
                  left: -7,
                  top: 5,
                  width: 12,
                  height: 12,
                  borderRadius: 6,
                  background: step.change < 0 ? '#b91c1c' : step.change > 0 ? '#15803d' : '#64748b',
                }}
              />
              <div style={{ display: 'flex', flexWrap: 'wrap', gap: 10, alignItems: 'center' }}>
                <StatusBadge status={`commission_${step.kind}`} />
                <Small>{moment(step.occurredAt)}</Small>
                <strong style={{ fontWeight: 600, fontVariantNumeric: 'tabular-nums' }}>
                  {step.change > 0 ? '+' : ''}
                  {money(step.change, currency)} → {money(step.netAmount, currency)}
                </strong>
              </div>
              <div style={{ marginTop: 4 }}>{step.summary}</div>
              {step.formula ? (
                <code
                  style={{
                    display: 'block',
                    marginTop: 6,
                    fontSize: 12,
                    color: '#334155',
                    overflowWrap: 'anywhere',
                    fontFamily: 'ui-monospace, monospace',
                  }}
                >
                  {step.formula}
                </code>
              ) : null}
              <Small>
                entry <IdText id={step.entryId} />
              </Small>
            </li>
          ))}
        </ol>
      </Box>
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
              <Tree value={signal.evidence} />
            </Box>
          </Box>
        ))
      )}
    </Labelled>
  );
};

interface RuleFinding {
  rule: string;
  outcome?: string;
  finding?: string;
  evidence?: Record<string, never>;
  [name: string]: unknown;
}

export const RuleTrace: React.FC<PropertyProps> = (props) => {
  const findings = (jsonOf(props) ?? []) as RuleFinding[];
  return (
    <Labelled {...props}>
      <ol aria-label="Rules in the order they were asked">
        {findings.map(({ rule, ...rest }) => (
          <li
            key={rule}
            style={{ padding: '10px 0', borderBottom: '1px solid #e2e8f0', fontSize: 13, lineHeight: 1.5 }}
          >
            <strong style={{ fontWeight: 600 }}>{words(rule)}</strong>
            <Tree value={rest as Record<string, never>} />
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

interface Progress {
  progress: { payouts: number; pending: number; paid: number; failed: number; canceled: number };
  totals: { currency: string; count: number; amount: number }[];
  skipped: { reason: string; count: number }[];
}

/** A run under way is looked at again this often. */
const WATCH_EVERY_MS = 1500;
const UNDER_WAY = ['reserving', 'sending', 'waiting_for_funds'];

/** How a run gets on, kept up to date while it does; when it has ended, the whole page is read anew. */
export const RunProgress: React.FC<PropertyProps> = (props) => {
  const { id, params } = props.record;
  const [told, setTold] = useState(jsonOf(props) as Progress | null);
  const [isLost, setLost] = useState(false);
  const isUnderWay = UNDER_WAY.includes(String(params['status']));
  useEffect(() => {
    if (!isUnderWay) return undefined;
    const timer = setInterval(() => {
      new ApiClient()
        .recordAction({ resourceId: 'runs', recordId: id, actionName: 'show' })
        .then(({ data: { record } }) => {
          if (record.params['status'] !== params['status']) location.reload();
          else setTold(JSON.parse(String(record.params['progress'])) as Progress);
        })
        // The next look may find the server again; until then it says so.
        .then(
          () => setLost(false),
          () => setLost(true),
        );
    }, WATCH_EVERY_MS);
    return () => clearInterval(timer);
  }, [id, isUnderWay, params]);
  return (
    <Labelled {...props}>
      {told ? (
        <Settled told={told} note={isUnderWay ? (isLost ? 'the server cannot be reached' : 'kept up to date') : ''} />
      ) : (
        <Nothing />
      )}
    </Labelled>
  );
};

const Settled: React.FC<{ told: Progress; note: string }> = ({ told, note }) => {
  const { progress, totals, skipped } = told;
  const done = progress.payouts - progress.pending;
  return (
    <Box>
      <div
        role="progressbar"
        aria-label="Payouts that are settled"
        aria-valuemin={0}
        aria-valuemax={progress.payouts}
        aria-valuenow={done}
        style={{ height: 10, borderRadius: 5, background: '#e2e8f0', overflow: 'hidden', maxWidth: 520 }}
      >
        <div
          style={{
            height: '100%',
            width: `${progress.payouts ? (100 * done) / progress.payouts : 0}%`,
            background: '#15803d',
          }}
        />
      </div>
      <Box my="default" style={{ display: 'flex', flexWrap: 'wrap', gap: 8, alignItems: 'center' }} aria-live="polite">
        {(['paid', 'pending', 'failed', 'canceled'] as const).map((status) => (
          <Badge key={status} outline variant={status === 'failed' && progress.failed > 0 ? 'danger' : 'default'}>
            {progress[status]} {status}
          </Badge>
        ))}
        <Small>{note}</Small>
      </Box>
      {totals.length > 0 ? (
        <SmallTable
          caption="What is paid"
          heads={[{ text: 'Currency' }, { text: 'Payouts', isFigure: true }, { text: 'Amount', isFigure: true }]}
          rows={totals.map(({ currency, count, amount }) => [currency.toUpperCase(), count, money(amount, currency)])}
        />
      ) : (
        <Small>No payout stands in this run.</Small>
      )}
      {skipped.length > 0 ? (
        <Box mt="default">
          <SmallTable
            caption="Who was not paid, by reason"
            heads={[{ text: 'Not paid because' }, { text: 'Balances', isFigure: true }]}
            rows={skipped.map(({ reason, count }) => [words(reason), count])}
          />
        </Box>
      ) : null}
    </Box>
  );
};
