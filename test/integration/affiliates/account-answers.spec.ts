import { AccountAnswers, type AccountAnswer } from '../../../src/affiliates/onboarding/account-answers.js';
import { accountIdOf, noticesOf, onboardingOf } from '../../setup/accounts.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { affiliateWithReferrals, onboard } from '../../setup/host.js';

describe('answers about accounts that come at the same moment', () => {
  let api: TestApp;

  beforeEach(async () => {
    api = await startTestApp();
  });
  afterEach(async () => api.close());

  it('are written down together, to each affiliate its own; of two about one account the later question counts', async () => {
    const names = ['Ann', 'Ben', 'Cid', 'Dee'];
    const ids = await Promise.all(names.map(async (name) => (await affiliateWithReferrals(api, name, [])).id));
    for (const id of ids) await onboard(api, id);
    const [ann = '', ben = '', cid = '', dee = ''] = ids;
    api.clock.advance(60_000);
    const answerOf = async (id: string, isGood: boolean, secondsAgo = 0): Promise<AccountAnswer> => {
      const accountId = await accountIdOf(api, id);
      const requirements = isGood
        ? []
        : [{ code: 'individual.dob.day', dueAt: new Date('2026-12-24T00:00:00Z'), pastDue: true, problem: null }];
      const disabledReason = isGood ? null : 'requirements_past_due';
      const askedAt = new Date(api.clock.now().getTime() - secondsAgo * 1000);
      const status = { accountId, detailsSubmitted: true, payoutsEnabled: isGood, requirements, disabledReason };
      return { accountId, status, askedAt, stripeEventId: null };
    };
    const answers = [
      await answerOf(ann, true),
      await answerOf(ann, false, 10),
      await answerOf(ben, false),
      { ...(await answerOf(cid, false)), status: null },
      // Older than what is written down already.
      await answerOf(dee, false, 3600),
      { ...(await answerOf(ann, false)), accountId: 'acct_of_nobody' },
    ];
    const recorder = api.app.get(AccountAnswers, { strict: false });
    // A second time they change nothing, and nobody is told again.
    for (let time = 0; time < 2; time++) await Promise.all(answers.map((answer) => recorder.record(answer)));

    const seen = await Promise.all(ids.map((id) => onboardingOf(api, id)));
    expect(seen.map(({ status }) => status)).toEqual(['complete', 'restricted', 'closed', 'complete']);
    expect(seen[1]?.requirements).toMatchObject([
      { code: 'date_of_birth', dueAt: '2026-12-24T00:00:00.000Z', pastDue: true },
    ]);
    const told = await Promise.all(ids.map((id) => noticesOf(api, id)));
    expect(told.map((notices) => notices.map(({ kind }) => kind))).toEqual([
      [],
      ['account_restricted'],
      ['account_gone'],
      [],
    ]);
  });
});
