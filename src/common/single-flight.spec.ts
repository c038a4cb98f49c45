import { SingleFlight } from './single-flight.js';

/** Work that ends when it is told to, and knows how often it was begun. */
function heldWork() {
  const ends: (() => void)[] = [];
  return {
    ends,
    work: () => new Promise<void>((resolve) => ends.push(resolve)),
  };
}

describe('SingleFlight', () => {
  it('begins work once for all that ask while it is under way', async () => {
    const flight = new SingleFlight();
    const { ends, work } = heldWork();
    const all = [flight.join(work), flight.join(work)];
    expect(ends).toHaveLength(1);
    ends[0]!();
    await Promise.all(all);
  });

  it('begins it anew for who asks after its end, also after work that failed', async () => {
    const flight = new SingleFlight();
    await expect(flight.join(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    const { ends, work } = heldWork();
    const second = flight.join(work);
    expect(ends).toHaveLength(1);
    ends[0]!();
    await second;
  });

  it('lets who stops wait for what is under way, and for nothing when nothing is', async () => {
    const flight = new SingleFlight();
    await flight.ended();
    const { ends, work } = heldWork();
    void flight.join(work);
    let hasEnded = false;
    const ended = flight.ended().then(() => (hasEnded = true));
    await Promise.resolve();
    expect(hasEnded).toBe(false);
    ends[0]!();
    await ended;
  });
});
