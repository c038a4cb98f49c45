import { Link, useLocation } from 'react-router';
import type { Commission } from '../../api/types';
import { useNow } from '../../app/use-now';
import { useLanguage } from '../../i18n/language';
import type { Column } from '../../ui/data-table';
import { CommissionBadge } from './commission-badge';

/** @param keepSearch whether opening one keeps the filters of the list behind it. */
export function useCommissionColumns(keepSearch: boolean): Column<Commission>[] {
  const { texts, formats } = useLanguage();
  const { search } = useLocation();
  const words = texts.commissions;
  const dateOf = ({ explanation, createdAt }: Commission): string =>
    formats.date(explanation.steps[0]?.occurredAt ?? createdAt);
  return [
    {
      key: 'date',
      header: words.date,
      lead: true,
      cell: (row) => (
        <Link
          className="row-link"
          to={{ pathname: `/commissions/${row.id}`, search: keepSearch ? search : '' }}
          aria-label={words.open(formats.money(row.netAmount, row.currency), dateOf(row))}
        >
          {dateOf(row)}
        </Link>
      ),
    },
    {
      key: 'paid',
      header: words.customerPaid,
      numeric: true,
      cell: ({ explanation, currency }) => formats.money(explanation.invoiceAmountPaid, currency),
    },
    {
      key: 'rate',
      header: words.rate,
      numeric: true,
      cell: ({ explanation }) => formats.rate(explanation.rateBps),
    },
    {
      key: 'state',
      header: words.state,
      cell: (row) => (
        <>
          <CommissionBadge state={row.state} />
          <StateDate commission={row} />
        </>
      ),
    },
    {
      key: 'amount',
      header: words.amount,
      numeric: true,
      sum: true,
      cell: ({ amount, netAmount, currency }) => (
        <>
          <strong>{formats.money(netAmount, currency)}</strong>
          {netAmount !== amount && (
            <span className="fine below">{words.originally(formats.money(amount, currency))}</span>
          )}
        </>
      ),
    },
  ];
}

function StateDate({ commission: { state, availableAt, paidAt } }: { commission: Commission }) {
  const { texts, formats } = useLanguage();
  const now = useNow();
  if (state === 'held' && new Date(availableAt) > now) {
    return <span className="fine"> {texts.commissions.until(formats.day(availableAt))}</span>;
  }
  if (state === 'paid' && paidAt) return <span className="fine"> {texts.commissions.paidOn(formats.day(paidAt))}</span>;
  return null;
}
