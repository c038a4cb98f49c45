import { DomainError } from '../common/domain-error.js';

/** The least that OWASP asks of argon2id: 19 MiB and two passes, some 30 ms of one core. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

const PASSWORD_LENGTH_MIN = 8;
const PASSWORD_LENGTH_MAX = 200;

/** Loaded by the first log-in: a server without the panel never has one, and it takes some 5 MB. */
const argon2 = (): Promise<typeof import('@node-rs/argon2')> => import('@node-rs/argon2');

/** The argon2id hash to store, with its salt and cost. @throws DomainError `password_length` (422). */
export async function hashPassword(password: string): Promise<string> {
  if (password.length < PASSWORD_LENGTH_MIN || password.length > PASSWORD_LENGTH_MAX) {
    throw new DomainError(
      'rule',
      'password_length',
      `A password must have ${PASSWORD_LENGTH_MIN} to ${PASSWORD_LENGTH_MAX} characters.`,
    );
  }
  return (await argon2()).hash(password, COST);
}

/** Takes as long whether it matches or not; a password that nobody can have set is not worked on. */
export async function isPasswordOf(passwordHash: string, password: string): Promise<boolean> {
  return password.length <= PASSWORD_LENGTH_MAX && (await (await argon2()).verify(passwordHash, password));
}
