import { createSecretKey, type KeyObject } from 'node:crypto';
import type { ExecutionContext } from '@nestjs/common';
import jwt from 'jsonwebtoken';
import passport from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { JwtStrategy } from '../../src/auth/jwt.strategy.js';
import { TokenGuard } from '../../src/auth/token.guard.js';
import { SystemClock } from '../../src/common/clock.js';
import { readConfig } from '../../src/config/config.js';
import { hostToken, JWT_SECRET } from '../harness/host-token.js';
import { report } from '../harness/worker.js';

/** Processor time of one check of a token, by the guard of the API and by what it is compared with, in turns. */
const [rounds, checks] = process.argv.slice(2).map(Number) as [number, number];

const token = hostToken();
const key: KeyObject = createSecretKey(Buffer.from(JWT_SECRET));
const request = { headers: { authorization: `Bearer ${token}` } };
const context = {
  switchToHttp: () => ({ getRequest: () => request, getResponse: () => ({}), getNext: () => undefined }),
} as unknown as ExecutionContext;
const guard = new TokenGuard(new JwtStrategy(readConfig({ ...process.env, JWT_SECRET }), new SystemClock()));
passport.use(
  'string-secret',
  new Strategy(
    { jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: JWT_SECRET, audience: 'fairshare' },
    (claims: object, done: (error: null, user: object) => void) => done(null, claims),
  ),
);
const byString = passport.authenticate('string-secret', { session: false }) as unknown as (
  request: object,
  response: object,
  next: () => void,
) => void;

const CHECKS: Record<string, () => unknown> = {
  fairshareMicros: () => guard.canActivate(context),
  stringSecretMicros: () => new Promise<void>((resolve) => byString({ ...request }, {}, resolve)),
  bareMicros: () => jwt.verify(token, key, { audience: 'fairshare', algorithms: ['HS256'] }),
};

async function microsOf(check: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  for (let n = 0; n < checks; n++) await check();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / checks;
}

const figures: Record<string, number[]> = {};
for (let round = 0; round <= rounds; round++) {
  for (const [name, check] of Object.entries(CHECKS)) {
    const micros = await microsOf(check);
    if (round > 0) figures[name] = [...(figures[name] ?? []), micros];
  }
}
const middle = (of: number[]): number => [...of].sort((a, b) => a - b)[Math.floor(of.length / 2)] ?? Number.NaN;
report(Object.fromEntries(Object.entries(figures).map(([name, of]) => [name, middle(of)])));
