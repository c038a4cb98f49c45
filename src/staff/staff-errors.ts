import { DomainError } from '../common/domain-error.js';
import { HttpError } from '../http/http-error.js';

/** The same for an unknown account, a deactivated one and a wrong password: nobody learns which it was. */
export function credentialsWrong(): HttpError {
  return new HttpError(401, 'staff_credentials_wrong', 'E-mail or password is wrong.');
}

/** The password was right; the code is missing, wrong, or opened before. */
export function totpRequired(): HttpError {
  return new HttpError(401, 'totp_required', 'Enter the current code of your authenticator; each code opens once.');
}

export function tooManyAttempts(retryAfterSeconds: number): HttpError {
  return new HttpError(
    429,
    'too_many_attempts',
    'Too many log-ins were wrong; try again later.',
    { retryAfterSeconds },
    { 'retry-after': String(retryAfterSeconds) },
  );
}

export function staffUserNotFound(): DomainError {
  return new DomainError('not_found', 'staff_user_not_found', 'There is no such staff user.');
}

export function staffUserExists(staffUserId: string): DomainError {
  return new DomainError('conflict', 'staff_user_exists', 'A staff user has this e-mail already.', { staffUserId });
}

export function staffEmailInvalid(): DomainError {
  return new DomainError('rule', 'staff_email_invalid', 'A staff user logs in with an e-mail address.');
}

export function staffRoleUnknown(role: string): DomainError {
  return new DomainError('rule', 'staff_role_unknown', 'A role is viewer, reviewer, finance or admin.', { role });
}

export function lastAdmin(): DomainError {
  return new DomainError(
    'rule',
    'last_admin',
    'This is the last admin: make somebody else one first, or nobody could manage staff any more.',
  );
}

export function totpEnabledAlready(): DomainError {
  return new DomainError('conflict', 'totp_enabled', 'This staff user enters codes already; an admin can reset that.');
}

export function totpCodeWrong(): DomainError {
  return new DomainError(
    'rule',
    'totp_code_wrong',
    'That is not the current code: check the clock of the authenticator.',
  );
}
