import {
  Bell,
  CircleDollarSign,
  Coins,
  Landmark,
  LayoutDashboard,
  Link2,
  Settings2,
  UsersRound,
  type LucideIcon,
} from 'lucide-react';
import { Fragment, type ReactNode } from 'react';
import { NavLink } from 'react-router';
import { useOverview } from '../api/queries';
import type { Texts } from '../i18n/en';
import { useLanguage } from '../i18n/language';
import { useFreshNotice } from '../pages/fresh-notice';
import { Alert } from '../ui/alert';
import { Preferences } from './preferences';

interface NavItem {
  to: string;
  text: keyof Texts['nav'];
  icon: LucideIcon;
}

const MAIN: NavItem[] = [
  { to: '/', text: 'overview', icon: LayoutDashboard },
  { to: '/referrals', text: 'referrals', icon: UsersRound },
  { to: '/commissions', text: 'commissions', icon: Coins },
  { to: '/payouts', text: 'payouts', icon: CircleDollarSign },
  { to: '/links', text: 'links', icon: Link2 },
];
const MORE: NavItem[] = [
  { to: '/getting-paid', text: 'payoutSetup', icon: Landmark },
  { to: '/notices', text: 'notices', icon: Bell },
];

const PREFERENCES_ID = 'preferences';

/** What is around every page: on a desk a column beside it, on a phone a bar above and one below. */
export function Shell({ siteHost, children }: { siteHost: string; children: ReactNode }) {
  const { texts } = useLanguage();
  const affiliate = useOverview().data?.affiliate;
  return (
    <div className="shell">
      <a className="skip" href="#content">
        {texts.nav.skip}
      </a>
      <header className="top">
        <p className="brand">
          <span className="brand-mark" aria-hidden="true">
            {siteHost.charAt(0).toUpperCase()}
          </span>
          <span className="brand-name">
            {breakableAtDots(siteHost)}
            {affiliate && <span className="brand-person">{affiliate.name}</span>}
          </span>
        </p>
        <nav className="top-more" aria-label={texts.nav.more}>
          {MORE.map((item) => (
            <Item key={item.to} item={item} />
          ))}
        </nav>
        <button
          type="button"
          className="nav-item preferences-button"
          popoverTarget={PREFERENCES_ID}
          aria-label={texts.preferences.title}
        >
          <Settings2 aria-hidden="true" size={20} />
          <span>{texts.preferences.title}</span>
        </button>
        <Preferences id={PREFERENCES_ID} />
      </header>
      <nav className="main-nav" aria-label={texts.nav.label}>
        {MAIN.map((item) => (
          <Item key={item.to} item={item} />
        ))}
      </nav>
      <main id="content" tabIndex={-1}>
        <Standing status={affiliate?.status} />
        {children}
        <footer className="foot">{texts.common.utc}</footer>
      </main>
    </div>
  );
}

/** So that a long one is not broken within a word. */
function breakableAtDots(host: string): ReactNode {
  return host.split(/(?=\.)/).map((part, index) => (
    <Fragment key={index}>
      {index > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}

function Item({ item: { to, text, icon: Icon } }: { item: NavItem }) {
  const { texts } = useLanguage();
  return (
    <NavLink to={to} end={to === '/'} className="nav-item">
      <Icon aria-hidden="true" size={20} />
      <span>{texts.nav[text]}</span>
      {text === 'notices' && <NewNotices />}
    </NavLink>
  );
}

function NewNotices() {
  const { texts } = useLanguage();
  if (!useFreshNotice()) return null;
  return <span className="nav-dot" role="img" aria-label={texts.nav.newNotices} />;
}

function Standing({ status }: { status: 'pending' | 'active' | 'suspended' | undefined }) {
  const { texts } = useLanguage();
  const words = texts.status;
  if (status === 'suspended') {
    return (
      <Alert tone="bad" title={words.suspendedTitle}>
        <p>{words.suspendedText}</p>
      </Alert>
    );
  }
  if (status === 'pending') {
    return (
      <Alert tone="info" title={words.pendingTitle}>
        <p>{words.pendingText}</p>
      </Alert>
    );
  }
  return null;
}
