import { Link, Outlet, useLocation } from 'react-router';
import { api, bodyOf } from '../../api/client';
import type { Payout } from '../../api/types';
import { useLanguage } from '../../i18n/language';
import type { Column } from '../../ui/data-table';
import { FilteredList } from '../../ui/filtered-list';
import { Page } from '../../ui/page';
import { PayoutBadge } from './payout-badge';
import { StatementFiles } from './statement-files';

const PATH = '/v1/me/payouts';

export function PayoutsPage() {
  const { texts } = useLanguage();
  const words = texts.payouts;
  return (
    <Page title={words.title} intro={words.intro}>
      <FilteredList
        path={PATH}
        label={words.title}
        states={{ name: 'status', label: words.status, words: words.statuses }}
        words={words}
        columns={usePayoutColumns()}
        fetchPage={async (query) => bodyOf(await api.GET(PATH, { params: { query } }))}
      />
      <Outlet />
    </Page>
  );
}

function usePayoutColumns(): Column<Payout>[] {
  const { texts, formats } = useLanguage();
  const { search } = useLocation();
  const words = texts.payouts;
  return [
    {
      key: 'period',
      header: words.period,
      lead: true,
      cell: ({ id, period, amount, currency }) => (
        <Link
          className="row-link"
          to={{ pathname: `/payouts/${id}`, search }}
          aria-label={words.open(formats.month(period), formats.money(amount, currency))}
        >
          {formats.month(period)}
        </Link>
      ),
    },
    { key: 'date', header: words.date, cell: ({ createdAt }) => formats.date(createdAt) },
    { key: 'status', header: words.status, cell: (payout) => <PayoutState payout={payout} /> },
    {
      key: 'amount',
      header: words.amount,
      numeric: true,
      sum: true,
      cell: ({ amount, amountReversed, currency }) => (
        <>
          <strong>{formats.money(amount, currency)}</strong>
          {amountReversed > 0 && (
            <span className="fine below">{words.cameBack(formats.money(amountReversed, currency))}</span>
          )}
        </>
      ),
    },
    { key: 'statement', header: words.statement, cell: (payout) => <StatementFiles payout={payout} /> },
  ];
}

function PayoutState({ payout: { status, paidAt } }: { payout: Payout }) {
  const { texts, formats } = useLanguage();
  return (
    <>
      <PayoutBadge status={status} />
      {status === 'paid' && paidAt && <span className="fine"> {texts.payouts.paidOn(formats.day(paidAt))}</span>}
      {(status === 'failed' || status === 'canceled') && <span className="fine below">{texts.payouts.failedText}</span>}
    </>
  );
}
