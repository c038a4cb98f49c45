import { ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { HttpError } from './http-error.js';

const UNKNOWN_FIELD = 'whitelistValidation';

/**
 * Checks every body and query against its DTO. A field that the DTO does not name is an error, not noise: a misspelt
 * optional field would otherwise be dropped without anybody noticing.
 */
export function createValidationPipe(): ValidationPipe {
  return new ValidationPipe({
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

function sentencesOf(error: ValidationError, parent: string): [field: string, sentences: string[]][] {
  const field = parent + error.property;
  const own = Object.entries(error.constraints ?? {}).map(([name, text]) => {
    if (name === UNKNOWN_FIELD) return `unknown field "${field}"`;
    // class-validator's own sentences begin with the bare name; our messages do not.
    return text.startsWith(`${error.property} `) || text.startsWith('each value in') ? parent + text : `${field} ${text}`;
  });
  const nested = (error.children ?? []).flatMap((child) => sentencesOf(child, `${field}.`));
  return own.length > 0 ? [[field, own], ...nested] : nested;
}
