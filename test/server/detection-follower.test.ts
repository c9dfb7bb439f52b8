import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeEntry, decodeEntry, encodeEvent } from '#audit/entry.ts';
import { type Alert, detectionOf, idOf } from '#detection/alert.ts';
import type { WatchRule } from '#detection/rule.ts';
import { Watch } from '#detection/watch.ts';
import { beginWatch } from '#server/detection/begin-watch.ts';
import { Follower } from '#server/detection/follower.ts';
import type { Gap } from '#server/detection/messages.ts';
import type { Place } from '#sinks/cursor.ts';
import { entriesOf, type Facts, logOf, ruleOf, someFacts } from '#test/detection/records.ts';
import { FakePace, until } from '#test/kubernetes/fake-pace.ts';
import { KeptCursor } from '#test/sinks/rig.ts';

const bursts = ruleOf({
  burst: { match: { type: ['certificate.denied'] }, count: 3, within: '20s', by: ['caller'] },
  quiet: '30s',
});
const clusters = ruleOf({
  distinct: { match: { type: ['certificate.issued'] }, of: 'cluster', within: '15s', by: ['identity'] },
});

/** A log that alerts are appended to, with everything else that a server of its own would have. */
class WatchedLog {
  readonly origin = 'log.test/watched';
  readonly octets: Uint8Array[];
  readonly cursor = new KeptCursor();
  readonly gaps: Gap[] = [];
  readonly dropped = new Set<number>();
  /** Asked before each step that can fail; true: it does. */
  fails: (step: 'before' | 'after' | 'save') => boolean = () => false;

  constructor(all: readonly Facts[]) {
    this.octets = logOf(all);
  }

  entries(from: number, to: number) {
    return this.octets.slice(from, to).map((octets, at) => (this.dropped.has(from + at) ? undefined : octets));
  }

  get alerts() {
    return this.octets.map(decodeEntry).filter(({ type }) => type === 'detection.alert');
  }

  follower(rules: readonly WatchRule[], pace = new FakePace()): { follower: Follower; pace: FakePace } {
    const fail = (step: Parameters<WatchedLog['fails']>[0]) => {
      if (this.fails(step)) throw new Error(`it failed ${step}`);
    };
    const { cursor } = this;
    const follower = new Follower(
      {
        source: this,
        cursors: {
          hold: async () => {
            const held = await cursor.hold();
            return Object.assign(Object.create(held), {
              save: async (place: Place) => {
                fail('save');
                await held.save(place);
              },
            });
          },
        },
        size: async () => this.octets.length,
        pace,
        record: async (alerts) => {
          fail('before');
          for (const alert of alerts) this.#append(alert);
          fail('after');
        },
        tell: (gap) => void this.gaps.push(gap),
      },
      rules,
    );
    return { follower, pace };
  }

  #append(alert: Alert): void {
    const event = { type: 'detection.alert', outcome: 'success', detection: detectionOf(alert) } as const;
    const id = idOf(alert, this.origin);
    const time = decodeEntry(this.octets.at(-1) ?? new Uint8Array()).time;
    this.octets.push(completeEntry(encodeEvent({ ...event, id }), this.octets.length, time));
  }
}

/** By a watch that never ends. */
const expected = (rules: readonly WatchRule[], all: readonly Facts[]) => {
  const watch = new Watch(rules);
  return entriesOf(all)
    .flatMap((entry) => watch.see(entry))
    .map(({ by, seqs }) => ({ by, seqs }));
};

describe('the watch of a log', () => {
  it('tells each alert once, whatever fails and however often it begins anew', async () => {
    const faults = fc.array(fc.boolean(), { maxLength: 40 });
    const property = fc.asyncProperty(someFacts, faults, async (all, failing) => {
      const log = new WatchedLog(all);
      log.cursor.place = { next: 0, memo: 'begun' };
      const left = [...failing];
      log.fails = () => left.shift() === true;
      const size = log.octets.length;
      for (const covered of [Math.ceil(size / 3), Math.ceil(size / 2), size]) {
        const { follower, pace } = log.follower([bursts, clusters]);
        follower.published(covered);
        follower.start();
        await until(() => {
          if (pace.waits.some((ms) => ms > 1_000 || follower.standing.problem !== undefined)) pace.advance(60_000);
          return log.cursor.place.next >= covered;
        });
        await follower.stop();
      }
      const told = log.alerts.map(({ detection }) => ({ by: Object(detection).by, seqs: Object(detection).seqs }));
      const sorted = (all: readonly object[]) => all.map((each) => JSON.stringify(each)).toSorted();
      expect(sorted(told)).toEqual(sorted(expected([bursts, clusters], all)));
    });
    await fc.assert(property, { numRuns: 100 });
  });

  const refused = (caller: string, later = 1): Facts => ({
    type: 'certificate.denied',
    caller,
    cluster: 'east',
    key: 'k',
    later,
  });
  const three = ['spiffe://a/ns/x/sa/1', 'spiffe://a/ns/x/sa/1', 'spiffe://a/ns/x/sa/1'].map((each) => refused(each));

  it('begins at the end of a log that was never watched, and knows what came before', async () => {
    const log = new WatchedLog(three);
    const { follower } = log.follower([bursts]);
    follower.published(2);
    follower.start();
    await until(() => log.cursor.place.next === 2);
    expect(log.alerts).toEqual([]);
    follower.published(3);
    await until(() => log.cursor.place.next === 3);
    await follower.stop();
    expect(log.alerts).toMatchObject([{ detection: { seqs: [0, 1, 2] } }]);
  });

  it('tells what it could not read, since only the hashes are left', async () => {
    const log = new WatchedLog([...three, ...three]);
    log.cursor.place = { next: 0, memo: 'begun' };
    log.dropped.add(1).add(2);
    const { follower } = log.follower([bursts]);
    follower.published(6);
    follower.start();
    await until(() => log.cursor.place.next === 6);
    await follower.stop();
    expect(log.gaps).toEqual([{ reason: 'detection.unread', count: 2 }]);
    expect(log.alerts).toHaveLength(1);
  });

  it('recalls no more than its bound, and says how much that leaves out', async () => {
    const log = new WatchedLog(three);
    const { unread } = await beginWatch([bursts], log, { next: 3, size: 3, most: 1 });
    expect(unread).toBe(2);
  });

  it('a rule that is new is told from the next record on, with what came before in mind', async () => {
    const log = new WatchedLog([...three, ...three]);
    log.cursor.place = { next: 0, memo: 'begun' };
    const { follower } = log.follower([clusters]);
    follower.published(5);
    follower.start();
    await until(() => log.cursor.place.next === 5);
    follower.use([bursts]);
    follower.published(6);
    await until(() => log.cursor.place.next === 6);
    await follower.stop();
    expect(log.alerts).toMatchObject([{ detection: { seqs: [3, 4, 5] } }]);
  });
});
