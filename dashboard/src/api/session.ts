import { useSyncExternalStore } from 'react';

/**
 * How the page is let in. Opened by a link, the browser's cookie does it and nothing is known here. Embedded in the host
 * app, a token does: it comes in the address after `#token=`, which no server ever sees, or by a message of the page
 * around, which is also asked for a new one before the old one runs out.
 */
export type SessionState =
  | { kind: 'open' }
  | { kind: 'signed_out' }
  /** `reason` is the server's word for why, if it gave one. */
  | { kind: 'ended'; reason: string | null };

const RENEW_BEFORE_MS = 60_000;
const ANSWER_TIMEOUT_MS = 5_000;

const isEmbedded = window.parent !== window;
const listeners = new Set<() => void>();

let state: SessionState = { kind: 'open' };
let token = takeTokenFromAddress();
let allowedParents: readonly string[] = [];
let waiting: Promise<boolean> | null = null;
let renewal: number | undefined;
let tokenArrived: () => void = () => {};

export function useSession(): SessionState {
  return useSyncExternalStore(subscribe, () => state);
}

/** Whether the page around this one lets it in: then there is no session to end here. */
export function isLetInByHost(): boolean {
  return isEmbedded;
}

export function bearerToken(): string | null {
  return token;
}

/** @param parents origins of pages that may embed this one, and send it tokens. */
export async function startSession(parents: readonly string[]): Promise<void> {
  allowedParents = parents;
  window.addEventListener('message', takeTokenFromMessage);
  if (token !== null) renewBeforeExpiry(token);
  else if (isEmbedded) await renewToken();
}

/** Resolves with whether there is a new token. Without a page around there never is. */
export function renewToken(): Promise<boolean> {
  if (!isEmbedded) return Promise.resolve(false);
  waiting ??= askParent().finally(() => (waiting = null));
  return waiting;
}

export function endSession(next: Exclude<SessionState, { kind: 'open' }>): void {
  state = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Taken out of the address at once, so that it is in no bookmark and no screenshot. Only inside a page that may embed this
 * one: a link that anybody can send must not show its reader somebody else's dashboard.
 */
function takeTokenFromAddress(): string | null {
  if (!isEmbedded) return null;
  const given = new URLSearchParams(window.location.hash.slice(1)).get('token');
  if (given === null) return null;
  window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search);
  return given;
}

function askParent(): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = window.setTimeout(() => resolve(false), ANSWER_TIMEOUT_MS);
    tokenArrived = () => {
      window.clearTimeout(timer);
      resolve(true);
    };
    // It holds no secret, so whichever page embeds this one may read it.
    window.parent.postMessage({ type: 'fairshare:token-needed' }, '*');
  });
}

function takeTokenFromMessage({ source, origin, data }: MessageEvent<unknown>): void {
  if (source !== window.parent || !allowedParents.includes(origin)) return;
  if (typeof data !== 'object' || data === null || !('type' in data) || !('token' in data)) return;
  if (data.type !== 'fairshare:token' || typeof data.token !== 'string') return;
  token = data.token;
  renewBeforeExpiry(token);
  tokenArrived();
  if (state.kind !== 'open') {
    state = { kind: 'open' };
    for (const listener of listeners) listener();
  }
}

function renewBeforeExpiry(current: string): void {
  window.clearTimeout(renewal);
  const expiresAt = expiryOf(current);
  if (!isEmbedded || expiresAt === null) return;
  renewal = window.setTimeout(() => void renewToken(), Math.max(expiresAt - Date.now() - RENEW_BEFORE_MS, 0));
}

/** Only to know when to ask for another one; the server alone judges a token. */
function expiryOf(jwt: string): number | null {
  try {
    const claims: unknown = JSON.parse(atob((jwt.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')));
    const seconds = typeof claims === 'object' && claims !== null && 'exp' in claims ? claims.exp : null;
    return typeof seconds === 'number' ? seconds * 1000 : null;
  } catch {
    // No token at all: the first call will be refused, and the page will say so.
    return null;
  }
}
