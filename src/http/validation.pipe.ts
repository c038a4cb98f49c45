import { ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { HttpError } from './http-error.js';
import { POLLUTING_KEYS } from './json-body.js';

const UNKNOWN_FIELD = 'whitelistValidation';

/**
 * Checks every body and query against its DTO. A field that the DTO does not name is an error, not noise: a misspelt
 * optional field would otherwise be dropped without anybody noticing.
 */
export function createValidationPipe(): ValidationPipe {
  return new StrictValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    forbidUnknownValues: false,
    exceptionFactory: (errors) => {
      const fields = Object.fromEntries(errors.flatMap((error) => sentencesOf(error, '')));
      const sentences = Object.values(fields).flat();
      return new HttpError(400, 'invalid_request', `${sentences.join('; ')}.`, { fields });
    },
  });
}

class StrictValidationPipe extends ValidationPipe {
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    // Nest drops such keys in silence before it looks for unknown ones. Bodies have been searched by parseJsonBody.
    const hidden =
      metadata.type === 'query' ? Object.keys(value ?? {}).find((key) => POLLUTING_KEYS.has(key)) : undefined;
    if (hidden !== undefined)
      throw new HttpError(400, 'invalid_request', `unknown field "${hidden}".`, {
        fields: { [hidden]: [`unknown field "${hidden}"`] },
      });
    if (metadata.type === 'query') refuseRepeated(value);
    return super.transform(value, metadata) as Promise<unknown>;
  }
}

/** No parameter of ours is a list, and what is said of one would tell nobody that it stands there twice. */
function refuseRepeated(query: unknown): void {
  const repeated = Object.entries(query ?? {}).filter(([, value]) => Array.isArray(value));
  if (repeated.length === 0) return;
  const fields = Object.fromEntries(repeated.map(([field]) => [field, [`${field} is given more than once`]]));
  throw new HttpError(400, 'invalid_request', `${Object.values(fields).flat().join('; ')}.`, { fields });
}

function sentencesOf(error: ValidationError, parent: string): [field: string, sentences: string[]][] {
  const field = parent + error.property;
  const own = Object.entries(error.constraints ?? {}).map(([name, text]) => {
    if (name === UNKNOWN_FIELD) return `unknown field "${field}"`;
    // class-validator's own sentences begin with the bare name; our messages do not.
    return text.startsWith(`${error.property} `) || text.startsWith('each value in')
      ? parent + text
      : `${field} ${text}`;
  });
  const nested = (error.children ?? []).flatMap((child) => sentencesOf(child, `${field}.`));
  // Two checks may say the same of one value.
  return own.length > 0 ? [[field, [...new Set(own)]], ...nested] : nested;
}
