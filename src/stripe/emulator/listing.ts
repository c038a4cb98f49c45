import type { Parameters } from './parameters.js';
import { invalidParameter, noSuchReference } from './stripe-problem.js';
import type { WireList } from './wire.js';

const LIMIT_DEFAULT = 10;
const LIMIT_MAX = 100;

/**
 * One page of a v1 list. `objects` come newest first and are already narrowed by the list's own
 * filters; `created`, `limit`, `starting_after` and `ending_before` are applied here.
 */
export function listPage<T extends { id: string; created?: number }>(
  objects: readonly T[],
  parameters: Parameters,
  url: string,
): WireList<T> {
  const limit = limitOf(parameters);
  const wanted = objects.filter(createdFilter(parameters));
  const after = parameters.string('starting_after');
  const before = parameters.string('ending_before');
  if (before) {
    const end = positionOf(wanted, before, 'ending_before');
    const start = Math.max(0, end - limit);
    return { object: 'list', data: wanted.slice(start, end), has_more: start > 0, url };
  }
  const start = after ? positionOf(wanted, after, 'starting_after') + 1 : 0;
  return {
    object: 'list',
    data: wanted.slice(start, start + limit),
    has_more: start + limit < wanted.length,
    url,
  };
}

/** The page size: 10 unless told otherwise, 1 to 100. */
export function limitOf(parameters: Parameters): number {
  const limit = parameters.integer('limit') ?? LIMIT_DEFAULT;
  if (limit < 1 || limit > LIMIT_MAX) {
    throw invalidParameter('parameter_invalid_integer', 'limit', `The limit must be between 1 and ${LIMIT_MAX}.`);
  }
  return limit;
}

function positionOf(objects: { id: string }[], id: string, param: string): number {
  const position = objects.findIndex((object) => object.id === id);
  if (position === -1) throw noSuchReference('object', id, param);
  return position;
}

function createdFilter(parameters: Parameters): (object: { created?: number }) => boolean {
  if (!parameters.has('created')) return () => true;
  const range = typeof parameters.values.created === 'object' ? parameters.group('created') : null;
  if (range === null) {
    const exact = parameters.integer('created');
    return ({ created }) => created === exact;
  }
  const [gt, gte, lt, lte] = (['gt', 'gte', 'lt', 'lte'] as const).map((name) => range.integer(name));
  return ({ created = 0 }) =>
    (gt === undefined || created > gt) &&
    (gte === undefined || created >= gte) &&
    (lt === undefined || created < lt) &&
    (lte === undefined || created <= lte);
}
