import { listPage } from '../listing.js';
import { route, type Call, type Route } from '../router.js';
import { invalidParameter, noSuchObject } from '../stripe-problem.js';
import type { Workspace } from '../workspace.js';

/** How long Stripe shows an event. */
const SHOWN_SECONDS = 30 * 86_400;
const TYPES_MAX = 20;

/** The platform's own snapshot events; those of a connected account are read with its `Stripe-Account` header. */
export const eventRoutes: Route[] = [
  route('GET', '/v1/events', listEvents),
  route('GET', '/v1/events/:id', ({ workspace, path }) => {
    const event = workspace.get('event', path.id ?? '');
    if (event.created <= hiddenUntil(workspace)) throw noSuchObject('event', event.id);
    return event;
  }),
];

function listEvents({ workspace, parameters }: Call): object {
  const type = parameters.string('type');
  const types = parameters.strings('types');
  if (type && types)
    throw invalidParameter('parameter_invalid_array', 'types', 'You may pass either `type` or `types`, but not both.');
  if (types && types.length > TYPES_MAX)
    throw invalidParameter('parameter_invalid_array', 'types', `Array types exceeded maximum ${TYPES_MAX} elements.`);
  const hidden = hiddenUntil(workspace);
  const events = workspace
    .newestFirst('event')
    .filter(({ created }) => created > hidden)
    .filter((event) => (!type || matches(type, event.type)) && (!types || types.includes(event.type)));
  return listPage(events, parameters, '/v1/events');
}

/** Events of that second and before are not shown any more. */
function hiddenUntil(workspace: Workspace): number {
  return workspace.nowSeconds - SHOWN_SECONDS;
}

/** `type` may end in a wildcard: `invoice.*`. */
function matches(pattern: string, type: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}
