/** Where the panel lies, and its two doors. */
export const ADMIN_PATH = '/admin';
export const LOGIN_PATH = `${ADMIN_PATH}/login`;
export const LOGOUT_PATH = `${ADMIN_PATH}/logout`;
