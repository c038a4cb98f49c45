export const DASHBOARD_PATH = '/dashboard';
/** Where a link leads. */
export const OPEN_PATH = `${DASHBOARD_PATH}/open`;
