import { GroupCommit, GroupCommitOverloadedError } from './group-commit.js';

/** A store whose commits are held back until the test lets them go. */
function heldBackStore() {
  const batches: number[][] = [];
  const waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  const flush = (items: number[]): Promise<void> => {
    batches.push(items);
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  };
  const next = async (error?: unknown): Promise<void> => {
    await settled();
    const commit = waiting.shift();
    if (error) commit?.reject(error);
    else commit?.resolve();
    await settled();
  };
  return { batches, flush, next };
}

/** Also what is told once the next flush has started. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('GroupCommit', () => {
  it('writes what arrives during a flush together in the next one', async () => {
    const { batches, flush, next } = heldBackStore();
    const group = new GroupCommit(flush);
    const first = group.add(1);
    await settled();
    const others = [group.add(2), group.add(3), group.add(4)];
    await next();
    await first;
    await next();
    await Promise.all(others);
    expect(batches).toEqual([[1], [2, 3, 4]]);
  });

  it('resolves an item only once its own flush returned', async () => {
    const { flush, next } = heldBackStore();
    const group = new GroupCommit(flush);
    const answered: string[] = [];
    void group.add(1).then(() => answered.push('first'));
    await settled();
    void group.add(2).then(() => answered.push('second'));
    expect(answered).toEqual([]);
    await next();
    expect(answered).toEqual(['first']);
    await next();
    expect(answered).toEqual(['first', 'second']);
  });

  it('sends the next flush before it answers those of the last', async () => {
    const seen: string[] = [];
    let store: () => void = () => undefined;
    const stored = new Promise<void>((resolve) => (store = resolve));
    const group = new GroupCommit<number>(async (items) => {
      await new Promise((resolve) => process.nextTick(resolve));
      seen.push(`sent ${items.join()}`);
      await stored;
      await settled();
    });
    const first = group.add(1).then(() => seen.push('answered 1'));
    await settled();
    const second = group.add(2).then(() => seen.push('answered 2'));
    store();
    await Promise.all([first, second]);
    expect(seen).toEqual(['sent 1', 'sent 2', 'answered 1', 'answered 2']);
  });

  it('never gives a flush more than the greatest batch', async () => {
    const batches: number[] = [];
    const group = new GroupCommit<number>(async (items) => void batches.push(items.length), {
      maxBatch: 10,
    });
    await Promise.all(Array.from({ length: 35 }, (_, i) => group.add(i)));
    expect(batches).toEqual([10, 10, 10, 5]);
  });

  it('writes what shares a key one after the other, in its order, and lets nobody overtake', async () => {
    const batches: string[][] = [];
    const group = new GroupCommit<string>(async (items) => void batches.push(items), { keysOf: (item) => [...item] });
    await Promise.all(['ab', 'c', 'bd', 'de', 'f', 'e'].map((item) => group.add(item)));
    expect(batches).toEqual([['ab', 'c', 'f'], ['bd'], ['de'], ['e']]);
  });

  it('refuses at once what goes beyond its bound, and takes more when there is room again', async () => {
    const { batches, flush, next } = heldBackStore();
    const group = new GroupCommit(flush, { maxQueued: 2 });
    const underWay = group.add(0);
    await settled();
    const waiting = [group.add(1), group.add(2)];
    await expect(group.add(3)).rejects.toThrow(GroupCommitOverloadedError);
    await next();
    const later = group.add(4);
    await next();
    await next();
    await Promise.all([underWay, ...waiting, later]);
    expect(batches).toEqual([[0], [1, 2], [4]]);
  });

  it('lets one bad row fail alone', async () => {
    const stored: number[] = [];
    const group = new GroupCommit<number>(async (items) => {
      if (items.includes(13)) throw new Error('a bad row');
      stored.push(...items);
    });
    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => group.add(i)));
    expect(results.map(({ status }, i) => (status === 'rejected' ? i : null)).filter((i) => i !== null)).toEqual([13]);
    expect(stored.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19]);
  });

  it('tries once only while the database is away, and goes on when it is back', async () => {
    let flushes = 0;
    let isAway = true;
    const group = new GroupCommit<number>(async () => {
      flushes += 1;
      if (isAway) throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    });
    const results = await Promise.allSettled([group.add(1), group.add(2), group.add(3), group.add(4)]);
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(flushes).toBe(1);
    isAway = false;
    await group.add(5);
    expect(flushes).toBe(2);
  });

  it('drains what is waiting', async () => {
    const stored: number[] = [];
    const group = new GroupCommit<number>(
      async (items) => {
        await settled();
        stored.push(...items);
      },
      { maxBatch: 2 },
    );
    for (let i = 0; i < 7; i++) void group.add(i);
    await group.drain();
    expect(stored).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});
