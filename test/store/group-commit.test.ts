import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type EncodedEvent, encodeEvent } from '#audit/entry.ts';
import { Refusal } from '#refusal/refusal.ts';
import { GroupCommit } from '#store/group-commit.ts';
import { issuedEvent } from '#test/audit/example-event.ts';

/** A store whose commits end when the test says so. */
class SlowStore {
  readonly commits: { readonly batch: readonly EncodedEvent[]; readonly end: PromiseWithResolvers<number> }[] = [];
  readonly commit = (batch: readonly EncodedEvent[]) => {
    const end = Promise.withResolvers<number>();
    this.commits.push({ batch, end });
    return end.promise;
  };
  get sizes(): number[] {
    return this.commits.map(({ batch }) => batch.length);
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const event = encodeEvent(issuedEvent(0));

describe('group commit', () => {
  let store: SlowStore;
  let failures: unknown[];
  let group: GroupCommit;
  beforeEach(() => {
    store = new SlowStore();
    failures = [];
    group = new GroupCommit(store.commit, { batch: 4, outstanding: 8, linger: 0 }, (cause) => failures.push(cause));
  });

  /** Appends and tells what became of it, without waiting. */
  function append(following = 0) {
    const state: { outcome: 'waiting' | number | string } = { outcome: 'waiting' };
    group.append(event, following).then(
      (index) => {
        state.outcome = index;
      },
      (reason) => {
        state.outcome = reason instanceof Refusal ? reason.code : 'not a refusal';
      },
    );
    return state;
  }

  it('A-26: what gathers while one commit runs shares the next', async () => {
    append();
    await turn();
    for (let n = 0; n < 6; n++) append();
    await turn();
    expect(store.sizes).toEqual([1]);
    store.commits[0]?.end.resolve(0);
    await turn();
    await turn();
    expect(store.sizes).toEqual([1, 4]);
    store.commits[1]?.end.resolve(1);
    await turn();
    await turn();
    expect(store.sizes).toEqual([1, 4, 2]);
  });

  it('A-26: a record waits for those that are said to follow it, not longer than that, and never when it comes alone', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      group = new GroupCommit(store.commit, { batch: 4, outstanding: 8, linger: 2 }, (cause) => failures.push(cause));
      append();
      await turn();
      expect(store.sizes).toEqual([1]);
      store.commits[0]?.end.resolve(0);
      await turn();

      append(2);
      append(1);
      await turn();
      expect(store.sizes).toEqual([1]);
      append(0);
      await turn();
      expect(store.sizes).toEqual([1, 3]);
      store.commits[1]?.end.resolve(1);
      await turn();

      append(1);
      await vi.advanceTimersByTimeAsync(1);
      await turn();
      expect(store.sizes).toEqual([1, 3]);
      await vi.advanceTimersByTimeAsync(1);
      expect(store.sizes).toEqual([1, 3, 1]);
      store.commits[2]?.end.resolve(4);
      await turn();

      for (let following = 9; following > 5; following--) append(following);
      await turn();
      expect(store.sizes).toEqual([1, 3, 1, 4]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('A-25: nothing is released before its own commit has returned', async () => {
    const first = append();
    await turn();
    const second = append();
    await turn();
    expect([first.outcome, second.outcome]).toEqual(['waiting', 'waiting']);
    store.commits[0]?.end.resolve(41);
    await turn();
    await turn();
    expect([first.outcome, second.outcome]).toEqual([41, 'waiting']);
    store.commits[1]?.end.resolve(42);
    await turn();
    expect(second.outcome).toBe(42);
  });

  it('A-22: after one failure everything is refused, and nothing tried again', async () => {
    const states = [append(), append()];
    await turn();
    states.push(append());
    store.commits[0]?.end.reject(new Error('EIO'));
    await turn();
    states.push(append());
    await turn();
    expect(states.map(({ outcome }) => outcome)).toEqual(Array(4).fill('log.unavailable'));
    expect(store.sizes).toEqual([2]);
    expect(failures).toHaveLength(1);
    expect(group.outstanding).toBe(0);
  });

  it('A-22: a commit that returns after the failure releases nothing', async () => {
    const state = append();
    await turn();
    group.fail(new Error('the thread is gone'));
    store.commits[0]?.end.resolve(0);
    await turn();
    expect(state.outcome).toBe('log.unavailable');
    expect(failures).toHaveLength(1);
  });

  it('counts what is with the store and what waits against its bound', async () => {
    const states = Array.from({ length: 10 }, () => append());
    await turn();
    expect(states.slice(8).map(({ outcome }) => outcome)).toEqual(['overload', 'overload']);
    expect(group.outstanding).toBe(8);
  });

  it('closing waits for what was accepted and accepts nothing more', async () => {
    const state = append();
    const closed = group.close();
    const late = append();
    await turn();
    store.commits[0]?.end.resolve(7);
    await closed;
    await turn();
    expect([state.outcome, late.outcome]).toEqual([7, 'log.unavailable']);
  });
});
