import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import passport from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { isStorableText } from '../http/json-body.js';
import { unauthorized } from './unauthorized.js';
import { verificationKeys } from './verification-key.js';

export interface VerifiedToken {
  subject: string;
  scopes: readonly string[];
  expiresAt: Date;
}

/** How far the host's clock may be ahead of ours. A token that has expired gets no grace. */
const LEEWAY_SECONDS = 10;
const LIFETIME_MAX_SECONDS = 24 * 60 * 60;
const SUBJECT_LENGTH_MAX = 255;

let instances = 0;

/** passport-jwt hands the key on to jsonwebtoken, which takes a KeyObject; its types know of older forms only. */
type KeyCallback = (error: unknown, key?: string | Buffer) => void;

/** Verifies the host's tokens: signature, algorithm, audience and issuer by passport-jwt; times by our own clock. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  /** Passport keeps strategies by name in one list per process, which may run several applications (tests do). */
  readonly uniqueName = `jwt-${++instances}`;

  constructor(
    config: Config,
    private readonly clock: Clock,
  ) {
    const keys = verificationKeys(config.jwt, clock);
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: (_request: unknown, token: string, done: KeyCallback) => {
        // Through a promise, so that a token whose header cannot be read is refused and not thrown over.
        const key = Promise.resolve().then(() => keys.keyFor(token));
        key.then(
          (found) => done(null, found as unknown as Buffer),
          (error: unknown) => done(error),
        );
      },
      algorithms: keys.algorithms,
      audience: config.jwtAudience,
      issuer: config.jwtIssuer,
      ignoreExpiration: true,
      // The only way to hand this option on: `nbf` is checked below, by the injected clock.
      // eslint-disable-next-line @typescript-eslint/no-deprecated
      jsonWebTokenOptions: { ignoreNotBefore: true },
    });
    passport.use(this.uniqueName, this);
  }

  /** @throws HttpError 401 that says what is wrong with the claims. */
  validate(claims: Record<string, unknown>): VerifiedToken {
    const nowSeconds = this.clock.now().getTime() / 1000;
    const { exp, nbf, sub, scope } = claims;
    if (typeof exp !== 'number') throw unauthorized('The token has no exp claim.');
    if (exp <= nowSeconds) throw unauthorized('The token has expired.');
    if (exp > nowSeconds + LIFETIME_MAX_SECONDS + LEEWAY_SECONDS)
      throw unauthorized('The token expires more than 24 hours from now.');
    if (nbf !== undefined && !(typeof nbf === 'number' && nbf <= nowSeconds + LEEWAY_SECONDS)) {
      throw unauthorized('The token is not valid yet.');
    }
    if (typeof sub !== 'string' || sub.trim() === '' || sub.length > SUBJECT_LENGTH_MAX || !isStorableText(sub)) {
      throw unauthorized('The token has no usable sub claim.');
    }
    return {
      subject: sub,
      scopes: typeof scope === 'string' ? scope.split(' ') : [],
      expiresAt: new Date(exp * 1000),
    };
  }
}
