/**
 * An error that the caller can act on. Features declare theirs beside the code that throws them; one HTTP filter
 * (src/http/error.filter.ts) turns `kind` into a status.
 */
export type DomainErrorKind = 'invalid' | 'not_found' | 'conflict' | 'rule' | 'unavailable';

export class DomainError extends Error {
  constructor(
    readonly kind: DomainErrorKind,
    /** Stable, machine-readable: `affiliate_not_found`. */
    readonly code: string,
    /** One sentence a developer can act on. */
    message: string,
    readonly details: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = 'DomainError';
  }
}
