import { api, bodyOf } from '../../api/client';
import type { Decision } from '../../api/types';
import { usePages } from '../../api/use-pages';
import { useLanguage } from '../../i18n/language';
import { Card } from '../../ui/card';
import type { Column } from '../../ui/data-table';
import { DownloadButton } from '../../ui/download-button';
import { PagedList } from '../../ui/paged-list';
import { EmptyState } from '../../ui/states';

export function RefusedList() {
  const { texts } = useLanguage();
  const words = texts.referrals;
  const pages = usePages(['attribution-decisions'], async (cursor) =>
    bodyOf(await api.GET('/v1/me/attribution-decisions', { params: { query: { cursor } } })),
  );
  return (
    <>
      <div className="filter-bar">
        <p className="filters-text">{words.refusedIntro}</p>
        <DownloadButton path="/v1/me/attribution-decisions?format=csv" text={texts.common.downloadCsv} />
      </div>
      <Card bare>
        <PagedList
          label={words.notCredited}
          pages={pages}
          columns={useDecisionColumns()}
          empty={
            <EmptyState title={words.refusedEmptyTitle}>
              <p>{words.refusedEmptyText}</p>
            </EmptyState>
          }
        />
      </Card>
    </>
  );
}

function useDecisionColumns(): Column<Decision>[] {
  const { texts, formats } = useLanguage();
  const words = texts.referrals;
  return [
    { key: 'customer', header: words.customer, lead: true, cell: ({ referredUserId }) => referredUserId },
    {
      key: 'signedUp',
      header: words.signedUp,
      cell: ({ occurredAt }) => <span className="unbroken">{formats.date(occurredAt)}</span>,
    },
    {
      key: 'reason',
      header: words.reason,
      cell: ({ reason }) => words.reasons[reason] ?? words.otherReason(reason),
    },
    {
      key: 'link',
      header: words.link,
      cell: ({ code, subId }) => (
        <>
          <span className="unbroken">{code ?? texts.common.none}</span>
          {subId !== null && <span className="fine below">{words.subId(subId)}</span>}
        </>
      ),
    },
  ];
}
