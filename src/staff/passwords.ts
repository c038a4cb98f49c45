import { hash, verify } from '@node-rs/argon2';
import { DomainError } from '../common/domain-error.js';

/** The least that OWASP asks of argon2id: 19 MiB and two passes, some 30 ms of one core. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

const PASSWORD_LENGTH_MIN = 8;
const PASSWORD_LENGTH_MAX = 200;

/** The argon2id hash to store, with its salt and cost. @throws DomainError `password_length` (422). */
export async function hashPassword(password: string): Promise<string> {
  if (password.length < PASSWORD_LENGTH_MIN || password.length > PASSWORD_LENGTH_MAX) {
    throw new DomainError(
      'rule',
      'password_length',
      `A password must have ${PASSWORD_LENGTH_MIN} to ${PASSWORD_LENGTH_MAX} characters.`,
    );
  }
  return hash(password, COST);
}

/** Takes as long whether it matches or not; a password that nobody can have set is not worked on. */
export async function isPasswordOf(passwordHash: string, password: string): Promise<boolean> {
  return password.length <= PASSWORD_LENGTH_MAX && (await verify(passwordHash, password));
}
