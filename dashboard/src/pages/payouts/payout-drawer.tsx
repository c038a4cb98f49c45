import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useLocation, useNavigate, useParams } from 'react-router';
import { api, bodyOf } from '../../api/client';
import type { Statement, StatementItem } from '../../api/types';
import { useLanguage } from '../../i18n/language';
import { Drawer } from '../../ui/drawer';
import { Loaded } from '../../ui/states';
import { PayoutBadge } from './payout-badge';
import { StatementFiles } from './statement-files';

/** A payout's statement: what it is made of, down to the cent. */
export function PayoutDrawer() {
  const { texts, formats } = useLanguage();
  const { id = '' } = useParams();
  const { search } = useLocation();
  const navigate = useNavigate();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['statement', id],
    queryFn: async ({ pageParam }) => {
      const params = {
        path: { id },
        query: { limit: 50, cursor: pageParam, format: 'json' as const, locale: formats.locale },
      };
      return bodyOf(await api.GET('/v1/me/payouts/{id}/statement', { params }));
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  });
  const period = data?.pages[0]?.payout.period;
  return (
    <Drawer
      title={period ? texts.payouts.statementTitle(formats.month(period)) : texts.payouts.statement}
      onClose={() => void navigate(`/payouts${search}`)}
    >
      <Loaded query={{ data: data?.pages, error, refetch }} lines={8}>
        {(pages) => (
          <>
            {pages[0] && <StatementHead statement={pages[0]} />}
            <Items items={pages.flatMap(({ items }) => items)} currency={pages[0]?.payout.currency ?? 'usd'} />
            {hasNextPage && (
              <button
                type="button"
                className="button"
                disabled={isFetchingNextPage}
                onClick={() => void fetchNextPage()}
              >
                {texts.common.next}
              </button>
            )}
          </>
        )}
      </Loaded>
    </Drawer>
  );
}

function StatementHead({ statement: { payout, received, totals, cutOff, payer } }: { statement: Statement }) {
  const { texts, formats } = useLanguage();
  const words = texts.payouts;
  const money = (amount: number): string => formats.money(amount, payout.currency);
  const isUnpaid = payout.status === 'failed' || payout.status === 'canceled';
  return (
    <>
      <div className="explained-amount">
        <div>
          <p className="label">{words.received}</p>
          <p className="amount-large">{money(received)}</p>
          <p className="fine">{words.payer(payer)}</p>
        </div>
        <PayoutBadge status={payout.status} />
      </div>
      <div className="prose">
        {isUnpaid && <p>{words.failedText}</p>}
        {payout.amountReversed > 0 && <p>{words.cameBack(money(payout.amountReversed))}</p>}
        <p>{words.cutOff(formats.longDate(cutOff))}</p>
      </div>
      <StatementFiles payout={payout} />
      <h3>{words.totals}</h3>
      <dl className="sums">
        {totals.map(({ kind, amount, count }) => (
          <div key={kind}>
            <dt>
              {words.kinds[kind]} <span className="fine">× {formats.count(count)}</span>
            </dt>
            <dd>{money(amount)}</dd>
          </div>
        ))}
        <div className="sums-total">
          <dt>{words.total}</dt>
          <dd>{money(payout.amount)}</dd>
        </div>
      </dl>
      <h3>{words.items}</h3>
    </>
  );
}

function Items({ items, currency }: { items: StatementItem[]; currency: string }) {
  const { texts, formats } = useLanguage();
  const words = texts.payouts;
  return (
    <ol className="items">
      {items.map(({ entryId, kind, date, amount, base, rateBps, customer, commissionId, reason }) => (
        <li key={entryId}>
          <div className="timeline-line">
            <p className="timeline-title">{words.kind[kind]}</p>
            <p className="timeline-change">{formats.money(amount, currency)}</p>
          </div>
          <p className="fine">
            {[
              formats.date(date),
              customer,
              base !== null && rateBps !== null
                ? words.ofBase(formats.rate(rateBps), formats.money(base, currency))
                : null,
              reason,
            ]
              .filter((part) => part !== null)
              .join(' · ')}
            {commissionId !== null && (
              <>
                {' · '}
                <Link to={`/commissions/${commissionId}`}>{words.explain}</Link>
              </>
            )}
          </p>
        </li>
      ))}
    </ol>
  );
}
