import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { BrowserRouter, Route, Routes } from 'react-router';
import { ApiError } from '../api/client';
import { useSession } from '../api/session';
import { CommissionDrawer } from '../pages/commissions/commission-drawer';
import { CommissionsPage } from '../pages/commissions/commissions-page';
import { GettingPaidPage } from '../pages/getting-paid-page';
import { LinksPage } from '../pages/links/links-page';
import { MissingPage } from '../pages/missing-page';
import { NoticesPage } from '../pages/notices-page';
import { OverviewPage } from '../pages/overview/overview-page';
import { PayoutDrawer } from '../pages/payouts/payout-drawer';
import { PayoutsPage } from '../pages/payouts/payouts-page';
import { CreditedList } from '../pages/referrals/credited-list';
import { ReferralsPage } from '../pages/referrals/referrals-page';
import { RefusedList } from '../pages/referrals/refused-list';
import type { PageConfig } from './config';
import { Shell } from './shell';
import { SignedOut } from './signed-out';

const RETRIES = 2;
const FRESH_MS = 30_000;

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: FRESH_MS,
      // What the API has refused it refuses again.
      retry: (failures, error) =>
        failures < RETRIES && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
      // Else a page that is offline waits without a word.
      networkMode: 'always',
    },
  },
});

export function App({ config }: { config: PageConfig }) {
  const session = useSession();
  if (session.kind !== 'open') return <SignedOut session={session} siteUrl={config.siteUrl} />;
  return (
    <QueryClientProvider client={queries}>
      <BrowserRouter basename="/dashboard">
        <Shell siteHost={new URL(config.siteUrl).host}>
          <Routes>
            <Route index element={<OverviewPage />} />
            <Route path="referrals" element={<ReferralsPage />}>
              <Route index element={<CreditedList />} />
              <Route path="not-credited" element={<RefusedList />} />
            </Route>
            <Route path="commissions" element={<CommissionsPage />}>
              <Route path=":id" element={<CommissionDrawer />} />
            </Route>
            <Route path="payouts" element={<PayoutsPage />}>
              <Route path=":id" element={<PayoutDrawer />} />
            </Route>
            <Route path="links" element={<LinksPage />} />
            <Route path="getting-paid" element={<GettingPaidPage />} />
            <Route path="notices" element={<NoticesPage />} />
            <Route path="*" element={<MissingPage />} />
          </Routes>
        </Shell>
      </BrowserRouter>
    </QueryClientProvider>
  );
}
