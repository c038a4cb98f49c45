/** A session that has ended shows itself by a 401 to any call of a page: the page goes to the log-in, and back after it. */
export function leaveWhenLoggedOut(): void {
  window.XMLHttpRequest = class extends XMLHttpRequest {
    constructor() {
      super();
      this.addEventListener('load', () => {
        if (this.status === 401) goToLogin();
      });
    }
  };
}

function goToLogin(): void {
  location.assign(`/admin/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}
