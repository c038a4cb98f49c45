import { ActionForm } from './ActionForm.js';
import { Breadcrumbs, EmptyList, Filters, LoggedIn, MainPart, Reference, StartOrNothing } from './frame.js';
import { leaveWhenLoggedOut } from './leaveWhenLoggedOut.js';
import { Login } from './Login.js';
import { Menu } from './Menu.js';
import { MyAccount } from './MyAccount.js';
import { nameControls } from './nameControls.js';
import { ListPage, RecordPage } from './pages.js';
import { CommissionSteps } from './CommissionSteps.js';
import { Balances, Evidence, Postings, Related, RuleTrace } from './records.js';
import { RunProgress } from './RunProgress.js';
import { RunPreview } from './RunPreview.js';
import { StartPage } from './StartPage.js';
import { Amounts, Count, IdLink, JsonTree, Moment, Money, Plain, Status, Words, YesNo } from './values.js';

leaveWhenLoggedOut();
nameControls();

// AdminJS looks its components up here, ours before its own of the same name.
window.AdminJS.UserComponents = {
  ActionForm,
  Login,
  MyAccount,
  RunPreview,
  SidebarResourceSection: Menu,
  // The menu has them already.
  SidebarPages: () => null,
  DashboardRoute: StartOrNothing,
  ResourceRoute: MainPart,
  ResourceActionRoute: MainPart,
  RecordActionRoute: MainPart,
  BulkActionRoute: MainPart,
  PageRoute: MainPart,
  Breadcrumbs,
  LoggedIn,
  FilterDrawer: Filters,
  NoRecords: EmptyList,
  DefaultReferenceValue: Reference,
  DefaultListAction: ListPage,
  DefaultShowAction: RecordPage,
  StartPage,
  Amounts,
  Count,
  IdLink,
  JsonTree,
  Moment,
  Money,
  Plain,
  Status,
  Words,
  YesNo,
  Balances,
  CommissionSteps,
  Evidence,
  Postings,
  Related,
  RuleTrace,
  RunProgress,
};
