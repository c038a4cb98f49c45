import { ClaimQueue } from './claim-queue.js';
import type { ClaimedPayout } from './payout-claims.js';

const payouts = (...ids: string[]): ClaimedPayout[] => ids.map((id) => ({ id }) as ClaimedPayout);

/** A queue whose claims the test answers, one by one. */
function open(): { queue: ClaimQueue; claims: Deferred<ClaimedPayout[]>[] } {
  const claims: Deferred<ClaimedPayout[]>[] = [];
  const queue = new ClaimQueue(2, () => {
    const claim = deferred<ClaimedPayout[]>();
    claims.push(claim);
    return claim.promise;
  });
  return { queue, claims };
}

interface Deferred<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: Error) => void;
}

function deferred<T>(): Deferred<T> {
  const made = {} as Deferred<T>;
  made.promise = new Promise<T>((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}

describe('what was claimed', () => {
  it('is handed out while more is being claimed, and ends with the first empty claim', async () => {
    const { queue, claims } = open();
    const first = queue.take();
    claims[0]?.resolve(payouts('a', 'b', 'c'));
    expect(await first).toMatchObject({ id: 'a' });
    expect(claims).toHaveLength(1);
    expect(await queue.take()).toMatchObject({ id: 'b' });
    expect(await queue.take()).toMatchObject({ id: 'c' });
    expect(claims).toHaveLength(2);
    const [last, nothing] = [queue.take(), queue.take()];
    claims[1]?.resolve(payouts('d'));
    expect(await last).toMatchObject({ id: 'd' });
    claims[2]?.resolve([]);
    expect(await nothing).toBeUndefined();
    expect(claims).toHaveLength(3);
  });

  it('is all there to be put back, also what a claim under way brings', async () => {
    const { queue, claims } = open();
    const first = queue.take();
    claims[0]?.resolve(payouts('a', 'b'));
    await first;
    await queue.take();
    const rest = queue.rest();
    claims[1]?.resolve(payouts('c'));
    expect(await rest).toMatchObject([{ id: 'c' }]);
  });

  it('tells whoever takes next that a claim failed, though nobody waited for it', async () => {
    const { queue, claims } = open();
    const first = queue.take();
    claims[0]?.resolve(payouts('a', 'b'));
    await first;
    expect(await queue.take()).toMatchObject({ id: 'b' });
    claims[1]?.reject(new Error('the database is away'));
    await expect(queue.take()).rejects.toThrow('the database is away');
  });
});
