import { seededRandom } from '../../src/stripe/emulator/seeded-random.js';
import { startCrashableServer, type CrashableServer } from '../setup/crashable-server.js';
import { playCrashRound, type CrashRound } from '../stress/crash-round.js';
import type { Trigger } from '../stress/interruption.js';
import { foundTown, type Town } from '../stress/town.js';

/** Five of the rounds that `npm run test:stress` plays by the dozen, chosen so that each kill finds something else. */
const ROUNDS: [string, CrashRound][] = [
  ['while it reserves', round(1, [{ at: 'reserving', afterMs: 40 }])],
  ['when it has claimed payouts', round(2, [{ at: 'claimed', afterMs: 5 }], { rotatesKey: true })],
  ['when a request has left, which arrives late', round(3, [{ at: 'arrived', nth: 30, fate: 'late' }])],
  [
    'when Stripe has made the transfer and the answer is on its way, then when the first outcomes are committed',
    round(4, [
      { at: 'carried_out', nth: 50, fate: 'go_on' },
      { at: 'committed', afterMs: 5 },
    ]),
  ],
  [
    'after the database, when the answer was just there',
    round(5, [{ at: 'answered', nth: 40, fate: 'go_on' }], { restartsDatabase: true, asksCommands: true }),
  ],
];

function round(seed: number, triggers: Trigger[], more: Partial<CrashRound> = {}): CrashRound {
  const kills = triggers.length;
  return { seed, triggers, kills, restartsDatabase: false, rotatesKey: false, asksCommands: false, ...more };
}

describe('a payout run of five hundred affiliates that is killed', () => {
  let server: CrashableServer;
  let town: Town;
  const phases = new Set<string>();

  beforeAll(async () => {
    server = await startCrashableServer();
    town = await foundTown(server, 500, seededRandom(5));
  }, 300_000);
  afterAll(async () => {
    try {
      await town.close();
    } finally {
      await server.close();
    }
  });

  it.each(ROUNDS)(
    '%s pays everybody once, to the cent, or says why not',
    async (_when, round) => {
      const report = await playCrashRound(town, round);
      for (const left of report.phases) for (const phase of left) phases.add(phase);
    },
    300_000,
  );

  it('was killed in the middle of every phase', () => {
    expect([...phases].sort()).toEqual([
      'answered, not committed',
      'claimed, not sent',
      'intent stored, Stripe never asked',
      'request in flight',
      'reserving',
      'some committed',
    ]);
  });
});
