import { describe, expect, it } from 'vitest';
import { LearntTerm } from '#server/cluster-requests/learnt-term.ts';

/** A term that somebody else ends, and time that stands until it is told to go on. */
function rig(learn: () => Promise<void>) {
  const term = new AbortController();
  const told: string[] = [];
  const waiting: (() => void)[] = [];
  const learnt = new LearntTerm({
    term: () => (term.signal.aborted ? undefined : term.signal),
    learn,
    onLearnt: () => told.push('learnt'),
    onTrouble: (reason) => told.push(reason),
    pace: {
      now: () => 0,
      elapsed: () => 0,
      random: () => 0,
      after: (_, run) => {
        waiting.push(run);
        return () => undefined;
      },
    },
  });
  return { term, told, waiting, learnt };
}

describe('a term of one replica among several with one log', () => {
  it('does not begin before it is known what the one before it has signed', async () => {
    const log = Promise.withResolvers<void>();
    const { learnt, term, told } = rig(() => log.promise);
    const begun = learnt.begin(term.signal);
    expect(learnt.current).toBeUndefined();
    log.resolve();
    await begun;
    expect([learnt.current, told]).toEqual([term.signal, ['learnt']]);
    term.abort();
    expect(learnt.current).toBeUndefined();
  });

  it('waits for a log that is away, and says why', async () => {
    let tries = 0;
    const { learnt, term, told, waiting } = rig(async () => {
      tries += 1;
      if (tries === 1) throw new Error('the database is away');
    });
    const begun = learnt.begin(term.signal);
    await expect.poll(() => waiting.length).toBe(1);
    expect(learnt.current).toBeUndefined();
    waiting[0]?.();
    await begun;
    expect(told).toEqual(['what others have signed is not known yet: the database is away', 'learnt']);
    expect(learnt.current).toBe(term.signal);
  });

  it('that ends meanwhile begins never, nor does the next one by it', async () => {
    const { learnt, term, waiting } = rig(() => Promise.reject(new Error('away')));
    const begun = learnt.begin(term.signal);
    await expect.poll(() => waiting.length).toBe(1);
    term.abort();
    await begun;
    expect(learnt.current).toBeUndefined();
  });
});
