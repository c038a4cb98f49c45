import type { paths } from './api.js';

/** How the generated types say which calls there are, and what each takes and answers. */
export type Method = 'get' | 'post' | 'patch' | 'delete';

export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P][M] extends { responses: unknown } ? (P extends `/v1/${string}` ? P : never) : never;
}[keyof paths];

export type Operation<P extends keyof paths, M extends Method> = paths[P][M];

type Parameters<O, Kind extends 'path' | 'query'> = O extends { parameters: { [K in Kind]?: infer T } }
  ? Exclude<T, undefined>
  : never;

type Body<O> = O extends { requestBody: { content: { 'application/json': infer T } } } ? T : never;

type Success<O> = O extends { responses: infer R } ? R[keyof R & (200 | 201 | 202 | 204)] : never;

/** What a call answers, as JSON; undefined for 204. */
export type Answer<O> =
  Success<O> extends infer S
    ? S extends { content: { 'application/json': infer T } }
      ? T
      : S extends { content?: never }
        ? undefined
        : never
    : never;

/** A part of a call: absent where the call has none, optional where nothing in it is required. */
type Part<Name extends string, T> = [T] extends [never]
  ? { [K in Name]?: undefined }
  : object extends T
    ? { [K in Name]?: T }
    : { [K in Name]: T };

export type Call<O> = Part<'path', Parameters<O, 'path'>> &
  Part<'query', Parameters<O, 'query'>> & { signal?: AbortSignal };

export type CallWithBody<O> = Call<O> &
  Part<'body', Body<O>> & {
    /** Your own, to go on after your process died. Without one each POST gets one, which its retries share. */
    idempotencyKey?: string;
  };

/** The last argument may be left out where nothing in it is required. */
export type Arguments<C> = object extends C ? [call?: C] : [call: C];

/** Lists, and what they list. */
export type ListPath = {
  [P in PathOf<'get'>]: Answer<Operation<P, 'get'>> extends { data: unknown[]; nextCursor: string | null } ? P : never;
}[PathOf<'get'>];

export type Item<P extends ListPath> =
  Answer<Operation<P, 'get'>> extends { data: (infer T)[]; nextCursor: string | null } ? T : never;
