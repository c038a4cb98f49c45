import { Box, MessageBox, Text } from '@adminjs/design-system';
import { ApiClient } from 'adminjs';
import React, { useEffect, useState } from 'react';
import { Link } from 'react-router-dom';
import type { StartPage as Start, WorkList } from '../start/start-page.js';
import { Charts } from './Charts.js';
import { listUrl, moment, recordUrl, words } from './format.js';
import { SectionTitle } from './SectionTitle.js';

const COUNTED_MAX = 1000;

/** What needs a person today, whether the books are in order, and how the program has been doing. */
export const StartPage: React.FC = () => {
  const [start, setStart] = useState<Start | null>(null);
  const [failure, setFailure] = useState('');
  useEffect(() => {
    new ApiClient()
      .getDashboard<Start>()
      .then(({ data }) => setStart(data))
      .catch((error: unknown) => setFailure(error instanceof Error ? error.message : String(error)));
  }, []);
  return (
    <Box
      as="main"
      p={['lg', 'lg', 'xl']}
      style={{ display: 'grid', gap: 28, alignContent: 'start' }}
      aria-busy={!start}
    >
      <Text as="h1" fontSize="h3" fontWeight="bold">
        Today
      </Text>
      {failure ? <MessageBox variant="danger" message={`The figures cannot be read: ${failure}`} role="alert" /> : null}
      {start ? (
        <>
          <Work work={start.work} />
          <Books work={start.work} />
          {start.figures ? (
            <Charts figures={start.figures} />
          ) : (
            <MessageBox
              variant="info"
              message="There are no charts now: a month of everything takes too long to read."
            />
          )}
        </>
      ) : failure ? null : (
        <Text role="status">Looking…</Text>
      )}
    </Box>
  );
};

const Work: React.FC<{ work: WorkList }> = ({ work }) => {
  const { openCases, pendingAffiliates, failedEvents, pendingPayouts, failedPayouts, waitingRuns } = work;
  const { failingEndpoints, failedEmails } = work;
  const counts = [
    openCases.count,
    pendingAffiliates,
    failedEvents,
    pendingPayouts,
    failedPayouts.count,
    waitingRuns.length,
    failingEndpoints,
    failedEmails,
  ];
  return (
    <section aria-labelledby="work-title">
      <SectionTitle id="work-title">What needs somebody</SectionTitle>
      {counts.every((count) => count === 0) ? (
        <Text mb="lg" color="grey60">
          Nothing waits for anybody.
        </Text>
      ) : null}
      <Grid>
        <Tile
          to={listUrl('review-cases', { status: 'open' })}
          count={openCases.count}
          name="open cases"
          isUrgent={openCases.holding > 0}
          note={
            openCases.oldest
              ? `${openCases.holding} hold money; the oldest since ${moment(openCases.oldest)}`
              : 'the queue is empty'
          }
        />
        <Tile
          to={listUrl('affiliates', { status: 'pending' })}
          count={pendingAffiliates}
          name="affiliates to approve"
          note={pendingAffiliates ? 'they earn nothing until then' : 'everybody is decided'}
        />
        <Tile
          to={listUrl('stripe-events', { status: 'failed' })}
          count={failedEvents}
          name="failed events"
          isUrgent={failedEvents > 0}
          note={failedEvents ? 'what Stripe told and we could not take in' : 'everything Stripe told is taken in'}
        />
        <Tile
          to={listUrl('payouts', { status: 'pending' })}
          count={pendingPayouts}
          name="pending payouts"
          note={pendingPayouts ? 'reserved, and not known to be paid yet' : 'nothing is under way'}
        />
        <Tile
          to={listUrl('payouts', { status: 'failed' })}
          count={failedPayouts.count}
          name="failed payouts"
          isUrgent={failedPayouts.count > 0}
          note={failedPayouts.period ? `in the run of ${failedPayouts.period}` : 'there was no run yet'}
        />
        {waitingRuns.length === 0 ? (
          <Tile to={listUrl('runs')} count={0} name="waiting runs" note="no run waits for a decision" />
        ) : (
          waitingRuns.map(({ id, period, status, haltedReason }) => (
            <Tile
              key={id}
              to={recordUrl('runs', id)}
              count={period}
              name={haltedReason ? 'run halted' : `run ${words(status)}`}
              isUrgent
              note={
                haltedReason ??
                (status === 'awaiting_approval'
                  ? 'look at it, then approve or cancel it'
                  : 'top up the balance at Stripe')
              }
            />
          ))
        )}
        <Tile
          to={listUrl('webhook-endpoints')}
          count={failingEndpoints}
          name="failing endpoints"
          isUrgent={failingEndpoints > 0}
          note={failingEndpoints ? 'the host does not take what is sent to it' : 'the host hears of everything'}
        />
        <Tile
          to={listUrl('emails', { status: 'failed' })}
          count={failedEmails}
          name="failed e-mails"
          isUrgent={failedEmails > 0}
          note={failedEmails ? 'of the last seven days' : 'none in the last seven days'}
        />
      </Grid>
    </section>
  );
};

const Books: React.FC<{ work: WorkList }> = ({ work }) => {
  const { ledger, verification, verificationRequestedAt, reconciliation } = work;
  const differs = reconciliation !== null && reconciliation.differenceCount > 0;
  return (
    <section aria-labelledby="books-title">
      <SectionTitle id="books-title">Whether the books are in order</SectionTitle>
      <Grid>
        <Tile
          to={listUrl('ledger')}
          count={Number(ledger.sealed).toLocaleString('en')}
          name="records sealed"
          note={
            ledger.unsealed > 0
              ? `${countText(ledger.unsealed)} wait for their seal, which comes within a minute`
              : ledger.lastEntryAt
                ? `nothing waits; the last entry is of ${moment(ledger.lastEntryAt)}`
                : 'the ledger is empty'
          }
        />
        <Tile
          to={listUrl('ledger')}
          count={verification ? countText(verification.breachCount) : '–'}
          name="breaches in the ledger"
          isUrgent={verification !== null && verification.breachCount > 0}
          note={provenNote(verification, verificationRequestedAt)}
        />
        <Tile
          to={listUrl('ledger')}
          count={reconciliation ? countText(reconciliation.differenceCount) : '–'}
          name="differences from Stripe"
          isUrgent={differs}
          note={
            reconciliation
              ? `reconciliation ${words(reconciliation.status)}${reconciliation.finishedAt ? `, ${moment(reconciliation.finishedAt)}` : ''}`
              : 'not reconciled yet; it runs each night'
          }
        />
      </Grid>
    </section>
  );
};

function provenNote(verification: WorkList['verification'], requestedAt: string | null): string {
  const last = verification
    ? `every figure worked out again, ${moment(verification.finishedAt)}`
    : 'not proven yet; it is proven each night';
  return requestedAt ? `${last}; being proven once more, as asked for ${moment(requestedAt)}` : last;
}

const Grid: React.FC<{ children: React.ReactNode }> = ({ children }) => (
  <div style={{ display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(min(100%, 220px), 1fr))', gap: 16 }}>
    {children}
  </div>
);

const Tile: React.FC<{ to: string; count: number | string; name: string; note: string; isUrgent?: boolean }> = ({
  to,
  count,
  name,
  note,
  isUrgent = false,
}) => (
  <Link
    to={to}
    style={{
      display: 'block',
      background: '#fff',
      borderRadius: 12,
      padding: 18,
      textDecoration: 'none',
      color: '#0f172a',
      border: '1px solid #e2e8f0',
      borderLeft: `4px solid ${isUrgent ? '#b91c1c' : count === 0 ? '#cbd5e1' : '#1d4ed8'}`,
    }}
  >
    <span
      style={{
        display: 'block',
        fontSize: 28,
        fontWeight: 700,
        lineHeight: 1.2,
        color: isUrgent ? '#b91c1c' : '#0f172a',
      }}
    >
      {typeof count === 'number' ? countText(count) : count}
    </span>
    <span style={{ display: 'block', fontWeight: 600, marginTop: 2, lineHeight: 1.4 }}>{name}</span>
    <span style={{ display: 'block', fontSize: 13, color: '#475569', marginTop: 6, lineHeight: 1.4 }}>{note}</span>
  </Link>
);

function countText(count: number): string {
  return count >= COUNTED_MAX ? '1,000 or more' : String(count);
}
