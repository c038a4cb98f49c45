import { leaveWhenLoggedOut } from './leaveWhenLoggedOut.js';
import { Login } from './Login.js';
import * as records from './records.js';
import { StartPage } from './StartPage.js';
import { Amounts, IdLink, JsonTree, Moment, Money, Plain, Status, YesNo } from './values.js';

leaveWhenLoggedOut();

// AdminJS looks its components up here, ours before its own of the same name.
window.AdminJS.UserComponents = {
  Login,
  StartPage,
  Amounts,
  IdLink,
  JsonTree,
  Moment,
  Money,
  Plain,
  Status,
  YesNo,
  ...records,
};
