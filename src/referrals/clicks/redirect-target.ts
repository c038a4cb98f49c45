/** Longer targets are ignored: browsers and proxies cut them anyway, and each one is parsed on the hot path. */
const MAX_TARGET_LENGTH = 2048;

/** Exactly one leading slash; an encoded second one is refused too, since some servers decode before they route. */
const PATH_FORM = /^\/(?!\/|%2f|%5c)/i;

/** A scheme, two slashes and a plain ASCII authority; what follows is checked by the URL parser. */
const ABSOLUTE_FORM = /^https?:\/\/[a-z0-9.:[\]-]+(?:[/?#]|$)/i;

/** Control characters and blanks (parsers drop some of them silently), and the backslash (browsers read it as a slash). */
const FORBIDDEN_CHARACTERS = /[\u0000-\u0020\u007f-\u00a0\u2028\u2029\\]/;

/** Where a link may send a visitor. The plain link, without `to`, is worked out once. */
export class RedirectTargets {
  private readonly site: URL;
  private readonly siteLink: LinkTemplate;

  constructor(
    siteUrl: string,
    private readonly allowedHosts: ReadonlySet<string>,
  ) {
    this.site = new URL(siteUrl);
    this.siteLink = toTemplate(this.site);
  }

  /** The target with the code, and the click when it was stored; a query and a fragment of the target are kept. */
  withCredit(to: string | undefined, code: string, clickId: string | null): string {
    const url = this.allowed(to);
    const link = url ? toTemplate(url) : this.siteLink;
    const credit = clickId ? `ref=${code}&click_id=${clickId}` : `ref=${code}`;
    return `${link.before}${credit}${link.after}`;
  }

  /**
   * The URL that `to` names if a visitor may be sent there, else null: a path of the site, or an absolute URL of an
   * allowed host. Never a host that is not allowed, whatever the spelling.
   */
  allowed(to: string | undefined): URL | null {
    if (to === undefined || to.length > MAX_TARGET_LENGTH || FORBIDDEN_CHARACTERS.test(to)) return null;
    const isPath = PATH_FORM.test(to);
    if (!isPath && !ABSOLUTE_FORM.test(to)) return null;
    if (!URL.canParse(to, this.site.href)) return null;
    const url = new URL(to, this.site);
    if (url.username !== '' || url.password !== '') return null;
    // The parser has the last word: a path must have stayed on the site.
    const permitted = isPath ? url.origin === this.site.origin : this.allowedHosts.has(url.host);
    return permitted ? url : null;
  }
}

interface LinkTemplate {
  before: string;
  after: string;
}

/** The two halves around the parameters that are added; parameters of the same names give way to ours. */
function toTemplate(target: URL): LinkTemplate {
  const url = new URL(target.href);
  if (url.searchParams.has('ref') || url.searchParams.has('click_id')) {
    url.searchParams.delete('ref');
    url.searchParams.delete('click_id');
  }
  const fragment = url.hash;
  url.hash = '';
  const withoutFragment = url.href.replace(/[?#]+$/, '');
  return { before: `${withoutFragment}${url.search ? '&' : '?'}`, after: fragment };
}
