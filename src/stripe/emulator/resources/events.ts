import { listPage } from '../listing.js';
import { route, type Call, type Route } from '../router.js';

/** The platform's own snapshot events; those of a connected account are read with its `Stripe-Account` header. */
export const eventRoutes: Route[] = [
  route('GET', '/v1/events', listEvents),
  route('GET', '/v1/events/:id', ({ workspace, path }) => workspace.get('event', path.id ?? '')),
];

function listEvents({ workspace, parameters }: Call): object {
  const type = parameters.string('type');
  const types = parameters.strings('types');
  const events = workspace
    .newestFirst('event')
    .filter((event) => (!type || matches(type, event.type)) && (!types || types.includes(event.type)));
  return listPage(events, parameters, '/v1/events');
}

/** `type` may end in a wildcard: `invoice.*`. */
function matches(pattern: string, type: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}
