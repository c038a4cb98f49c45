import { Badge, Box } from '@adminjs/design-system';
import { ApiClient } from 'adminjs';
import React, { useEffect, useState } from 'react';
import { grouped, money, words } from './format.js';
import { jsonOf, Labelled, Nothing, type PropertyProps } from './property.js';
import { SmallTable } from './tables.js';
import { Small } from './values.js';

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
            {grouped(progress[status])} {status}
          </Badge>
        ))}
        <Small>{note}</Small>
      </Box>
      {totals.length > 0 ? (
        <SmallTable
          caption="What is paid"
          heads={[{ text: 'Currency' }, { text: 'Payouts', isFigure: true }, { text: 'Amount', isFigure: true }]}
          rows={totals.map(({ currency, count, amount }) => [
            currency.toUpperCase(),
            grouped(count),
            money(amount, currency),
          ])}
        />
      ) : (
        <Small>No payout stands in this run.</Small>
      )}
      {skipped.length > 0 ? (
        <Box mt="default">
          <SmallTable
            caption="Who was not paid, by reason"
            heads={[{ text: 'Not paid because' }, { text: 'Balances', isFigure: true }]}
            rows={skipped.map(({ reason, count }) => [words(reason), grouped(count)])}
          />
        </Box>
      ) : null}
    </Box>
  );
};
