import { ArrowRight } from 'lucide-react';
import { Link } from 'react-router';
import { useLatestCommissions, useOverview } from '../../api/queries';
import { useLanguage } from '../../i18n/language';
import { Alert } from '../../ui/alert';
import { Card } from '../../ui/card';
import { DataTable } from '../../ui/data-table';
import { Page } from '../../ui/page';
import { EmptyState, Loaded } from '../../ui/states';
import { useCommissionColumns } from '../commissions/commission-columns';
import { useFreshNotice } from '../fresh-notice';
import { noticeText } from '../notices-page';
import { Activity } from './activity';
import { Counts } from './counts';
import { MoneyTable } from './money-table';
import { NextPayoutCard } from './next-payout';
import { ReferralLinkCard } from './referral-link';

export function OverviewPage() {
  const { texts } = useLanguage();
  const overview = useOverview();
  return (
    <Page title={texts.overview.title}>
      <News />
      <Loaded query={overview} lines={12}>
        {(data) => (
          <>
            <div className="grid-two">
              <ReferralLinkCard overview={data} />
              <NextPayoutCard overview={data} />
            </div>
            <MoneyTable balances={data.balances} />
            <Counts counts={data.counts} />
          </>
        )}
      </Loaded>
      <Activity />
      <LatestCommissions />
    </Page>
  );
}

/** What the affiliate was told lately; all of it stands on its own page. */
function News() {
  const { texts, formats } = useLanguage();
  const notice = useFreshNotice();
  if (!notice) return null;
  return (
    <Alert tone="wait" title={`${texts.notices.kinds[notice.kind]} · ${formats.date(notice.occurredAt)}`}>
      <p>
        {noticeText(notice, texts, formats)} <Link to="/getting-paid">{texts.notices.action}</Link>
      </p>
    </Alert>
  );
}

function LatestCommissions() {
  const { texts } = useLanguage();
  const query = useLatestCommissions();
  const columns = useCommissionColumns(false);
  return (
    <Card
      title={texts.overview.latestCommissions}
      bare
      aside={
        <Link to="/commissions" className="more">
          {texts.common.showAll}
          <ArrowRight aria-hidden="true" size={16} />
        </Link>
      }
    >
      <Loaded query={query}>
        {(commissions) =>
          commissions.length === 0 ? (
            <EmptyState title={texts.commissions.emptyTitle}>
              <p>{texts.commissions.emptyText}</p>
            </EmptyState>
          ) : (
            <DataTable label={texts.overview.latestCommissions} columns={columns} rows={commissions} />
          )
        }
      </Loaded>
    </Card>
  );
}
