import { Box, MessageBox, Text } from '@adminjs/design-system';
import { ApiClient } from 'adminjs';
import React, { useEffect, useState } from 'react';
import { moment, money, words } from './format.js';
import { SmallTable } from './tables.js';
import { IdText, Small } from './values.js';

interface Preview {
  period: string;
  cutOff: string;
  totals: { currency: string; count: number; amount: number }[];
  funds: { currency: string; available: number | null; needed: number; pending: number; missing: number | null }[];
  skips: { reason: string; count: number }[];
  payouts: { affiliateId: string; name: string; amount: number; currency: string }[];
  payoutCount: number;
}

/** What the next run would pay, by its own rules, without writing anything. */
export const RunPreview: React.FC = () => {
  const [preview, setPreview] = useState<Preview | null>(null);
  const [failure, setFailure] = useState('');
  useEffect(() => {
    new ApiClient()
      .getPage({ pageName: 'run-preview' })
      .then(({ data }) => setPreview(data as Preview))
      .catch((error: unknown) => setFailure(error instanceof Error ? error.message : String(error)));
  }, []);
  if (failure)
    return <MessageBox m="xl" variant="danger" message={`The preview cannot be shown: ${failure}`} role="alert" />;
  if (!preview) {
    return (
      <Box p="xl" role="status">
        Working it out…
      </Box>
    );
  }
  const { period, cutOff, totals, funds, skips, payouts, payoutCount } = preview;
  return (
    <Box variant="grey">
      <Box bg="white" p="xxl" style={{ borderRadius: 12, display: 'grid', gap: 24 }}>
        <div>
          <Text as="h1" fontSize="h4" fontWeight="bold">
            What the run of {period} would pay
          </Text>
          <Box mt="default">
            <Small>
              Everything that is due by {moment(cutOff)}, as things stand now. Nothing is written by looking.
            </Small>
          </Box>
        </div>
        {totals.length === 0 ? (
          <Text>Nobody would be paid.</Text>
        ) : (
          <SmallTable
            caption="What would be paid"
            heads={[{ text: 'Currency' }, { text: 'Payouts', isFigure: true }, { text: 'Amount', isFigure: true }]}
            rows={totals.map(({ currency, count, amount }) => [currency.toUpperCase(), count, money(amount, currency)])}
          />
        )}
        {funds.length > 0 ? (
          <SmallTable
            caption="The platform’s balance at Stripe"
            heads={[
              { text: 'At Stripe' },
              { text: 'Available', isFigure: true },
              { text: 'Needed', isFigure: true },
              { text: 'Still to send', isFigure: true },
              { text: 'Missing', isFigure: true },
            ]}
            rows={funds.map(({ currency, available, needed, pending, missing }) => [
              currency.toUpperCase(),
              available === null ? 'not known' : money(available, currency),
              money(needed, currency),
              money(pending, currency),
              missing === null ? (
                'not known'
              ) : missing > 0 ? (
                <strong style={{ color: '#b91c1c' }}>{money(missing, currency)}</strong>
              ) : (
                'nothing'
              ),
            ])}
          />
        ) : null}
        {skips.length > 0 ? (
          <SmallTable
            caption="Who would not be paid, by reason"
            heads={[{ text: 'Not paid because' }, { text: 'Balances', isFigure: true }]}
            rows={skips.map(({ reason, count }) => [words(reason), count])}
          />
        ) : null}
        {payouts.length > 0 ? (
          <div>
            <SmallTable
              caption="The largest payouts"
              heads={[{ text: 'Affiliate' }, { text: 'Id' }, { text: 'Amount', isFigure: true }]}
              rows={payouts.map(({ affiliateId, name, amount, currency }) => [
                name,
                <IdText key={affiliateId} id={affiliateId} />,
                money(amount, currency),
              ])}
            />
            {payoutCount > payouts.length ? (
              <Box mt="default">
                <Small>
                  The {payouts.length} largest of {payoutCount}. All of them: npm run payouts -- --dry-run --csv.
                </Small>
              </Box>
            ) : null}
          </div>
        ) : null}
      </Box>
    </Box>
  );
};
