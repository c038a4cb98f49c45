/**
 * `/fairshare.js`, for the pages of the host's site: reports a visit through `?ref=CODE`, keeps the click in a cookie of
 * the site for as long as it may be credited, and tells the signup form about it. docs/snippet.md says how to use it.
 * `npm run build` wraps this file into a function, so that the page sees nothing of it but `window.fairshare`.
 */
interface Click {
  /** Null while the service could not be reached: a signup can be credited by the code alone. */
  clickId: string | null;
  code: string;
}

interface Fairshare {
  /** Resolves once it is known who sent this visitor, if anybody; with consent asked for, once that is given or refused. */
  ready: Promise<Click | null>;
  getClickId(): string | null;
  getCode(): string | null;
  /** Says what the visitor allows. Refusing also deletes what was kept. */
  consent(given: boolean): void;
}

/** The service writes the length of its attribution window here when it serves the file. */
declare const FAIRSHARE_WINDOW_SECONDS: number;

/** Where links carry the code: ours, and those of the tools that sites come from. */
const CODE_PARAMETERS = ['ref', 'via', 'fpr'];
const CODE = /^[a-z\d-]{3,32}$/i;
const CLICK_ID = /^clk_[a-z\d]{26}$/;
const COOKIE = /(?:^|; )fairshare=(clk_[a-z\d]{26})?\.([\w-]+)/;
/** Programs that run a page's scripts and say so. Those that hide are for the service to find. */
const BOT = /bot|crawl|spider|slurp|headless|lighthouse|preview/i;
/** What the service takes; an address that is longer is left out. */
const URL_LENGTH_MAX = 2048;
const SUB_ID_LENGTH_MAX = 255;

const script = document.currentScript as HTMLScriptElement;
const options = script.dataset;
const clicksUrl = script.src.replace(/fairshare\.js.*/, 'v1/clicks');
const page = window as unknown as { fairshare?: { consent?: unknown } };

let current: Click | null = null;
let isAllowed = false;
let settle!: (click: Click | null) => void;

const fairshare: Fairshare = {
  ready: new Promise((resolve) => (settle = resolve)),
  getClickId: () => current?.clickId ?? null,
  getCode: () => current?.code ?? null,
  consent: (given) => {
    if (given) {
      if (!isAllowed) allow();
    } else {
      isAllowed = false;
      current = null;
      writeCookie('', 0);
      settle(null);
    }
  },
};

function allow(): void {
  isAllowed = true;
  void start();
}

async function start(): Promise<void> {
  const kept = readCookie();
  current = kept;
  const found = BOT.test(navigator.userAgent) ? null : await findClick(kept);
  // Consent may have been withdrawn while the service was asked.
  if (!isAllowed) return;
  const staysFirst = options.attribution === 'first' && kept?.clickId;
  if (found && !staysFirst && saysMore(found, kept)) {
    current = found;
    writeCookie(`${found.clickId ?? ''}.${found.code}`, FAIRSHARE_WINDOW_SECONDS);
  }
  fillForms();
  settle(current);
}

/** What is kept keeps its date when the same page is seen again, and its click when a later one could not be reported. */
function saysMore(found: Click, kept: Click | null): boolean {
  return found.clickId ? found.clickId !== kept?.clickId : found.code !== kept?.code;
}

/** The click of this visit, or null when nobody is to be credited for it. */
async function findClick(kept: Click | null): Promise<Click | null> {
  const query = new URLSearchParams(location.search);
  const code = CODE_PARAMETERS.map((name) => query.get(name)).find((value) => value && CODE.test(value));
  if (!code) return kept && !kept.clickId ? reportClick(kept.code, null) : null;
  const clickId = query.get('click_id');
  // The referral link has recorded the click before it led here.
  if (clickId && CLICK_ID.test(clickId)) return { clickId, code };
  return kept?.clickId && isLoadedAgain() ? null : reportClick(code, query.get('sub'));
}

/** Reloading a page, or coming back to it, is no new visit. */
function isLoadedAgain(): boolean {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  return navigation?.type === 'reload' || navigation?.type === 'back_forward';
}

async function reportClick(code: string, subId: string | null): Promise<Click | null> {
  const url = location.href.split('#')[0] ?? '';
  const { referrer } = document;
  const circumstances = {
    ...(url.length <= URL_LENGTH_MAX && { url }),
    // Apps name themselves as `android-app://…`.
    ...(/^http/.test(referrer) && referrer.length <= URL_LENGTH_MAX && { referrer }),
  };
  try {
    let answer = await post({ code, subId: subId?.slice(0, SUB_ID_LENGTH_MAX), ...circumstances });
    // An address that the service cannot read must not cost the affiliate the click.
    if (answer.status === 400) answer = await post({ code });
    if (answer.ok) return { clickId: ((await answer.json()) as { clickId: string }).clickId, code };
    if (answer.status === 422) return null;
  } catch {
    // Offline, or something keeps the page from asking: what follows holds for both.
  }
  return { clickId: null, code };
}

function post(body: object): Promise<Response> {
  return fetch(clicksUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    credentials: 'omit',
    // Visitors may go on to the next page before the answer is there.
    keepalive: true,
  });
}

function readCookie(): Click | null {
  try {
    const [, clickId, code] = COOKIE.exec(document.cookie) ?? [];
    return code ? { clickId: clickId ?? null, code } : null;
  } catch {
    // A page in a sandbox may not even ask.
    return null;
  }
}

function writeCookie(value: string, seconds: number): void {
  const domain = options.domain ? `;domain=${options.domain}` : '';
  const secure = location.protocol === 'https:' ? ';secure' : '';
  try {
    document.cookie = `fairshare=${value};max-age=${seconds};path=/;samesite=lax${domain}${secure}`;
  } catch {
    // In a sandbox the click is known until the page is left.
  }
}

/** Into the forms that `data-form` selects: hidden inputs with the click and the code, where there is one. */
function fillForms(): void {
  if (!options.form) return;
  for (const form of document.querySelectorAll<HTMLFormElement>(options.form)) {
    fillInput(form, 'fs_click_id', fairshare.getClickId());
    fillInput(form, 'fs_code', fairshare.getCode());
  }
}

function fillInput(form: HTMLFormElement, name: string, value: string | null): void {
  let input = form.querySelector<HTMLInputElement>(`[name=${name}]`);
  if (!input) {
    if (!value) return;
    input = document.createElement('input');
    input.type = 'hidden';
    input.name = name;
    form.append(input);
  }
  input.value = value ?? '';
}

/** A page that is loaded ahead, in case its link is followed, has no visitor yet. */
function begin(): void {
  if ((document as { prerendering?: boolean }).prerendering)
    document.addEventListener('prerenderingchange', begin, { once: true });
  else allow();
}

const consentSoFar = page.fairshare?.consent;
page.fairshare = fairshare;
// Also what is added to the page later has its inputs when it is sent.
document.addEventListener('submit', fillForms, true);
document.addEventListener('DOMContentLoaded', fillForms);
if (options.consent !== 'required' || consentSoFar === true) begin();
else if (consentSoFar === false) settle(null);
