import { NavLink, Outlet } from 'react-router';
import { useLanguage } from '../../i18n/language';
import { Page } from '../../ui/page';

/** Who was credited, and who was not. */
export function ReferralsPage() {
  const { texts } = useLanguage();
  const words = texts.referrals;
  return (
    <Page title={words.title} intro={words.intro}>
      <nav className="tabs" aria-label={words.title}>
        <NavLink to="/referrals" end>
          {words.credited}
        </NavLink>
        <NavLink to="/referrals/not-credited">{words.notCredited}</NavLink>
      </nav>
      <Outlet />
    </Page>
  );
}
