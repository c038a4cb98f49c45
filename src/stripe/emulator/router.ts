import type { Parameters } from './parameters.js';
import type { Workspace } from './workspace.js';

/** One API request, ready to be carried out. */
export interface Call {
  workspace: Workspace;
  parameters: Parameters;
  /** The values of the path's `:names`. */
  path: { [name: string]: string };
}

/** Carries out a request and returns the answer's object. Synchronous, so that a request is atomic. */
export type Handler = (call: Call) => object;

export interface Route {
  method: 'GET' | 'POST' | 'DELETE';
  pattern: string;
  handle: Handler;
}

export interface Match {
  route: Route;
  path: { [name: string]: string };
}

/** `route('POST', '/v1/transfers/:id', updateTransfer)` */
export function route(method: Route['method'], pattern: string, handle: Handler): Route {
  return { method, pattern, handle };
}

/** Finds the route of a request by comparing path segments; earlier routes win. */
export class Router {
  private readonly routes: { route: Route; segments: string[] }[];

  constructor(routes: Route[]) {
    this.routes = routes.map((entry) => ({ route: entry, segments: entry.pattern.split('/') }));
  }

  match(method: string, pathname: string): Match | null {
    const given = pathname.split('/');
    for (const { route: candidate, segments } of this.routes) {
      if (candidate.method !== method || segments.length !== given.length) continue;
      const path = matchSegments(segments, given);
      if (path) return { route: candidate, path };
    }
    return null;
  }
}

function matchSegments(segments: string[], given: string[]): { [name: string]: string } | null {
  const names: [string, string][] = [];
  for (const [index, segment] of segments.entries()) {
    const value = given[index] ?? '';
    if (segment.startsWith(':') && value !== '') names.push([segment.slice(1), decode(value)]);
    else if (segment !== value) return null;
  }
  return Object.fromEntries(names);
}

/** A segment that is no valid encoding is taken as it stands: it then names nothing that exists. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
