import fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { AggregatingLog } from '#audit/aggregating-log.ts';
import type { AuditEvent } from '#audit/event.ts';
import type { AuditLog } from '#issuance/ports.ts';
import { deniedEvent, issuedEvent } from './example-event.ts';

/** A log in memory that can be told to refuse. */
class MemoryLog implements AuditLog {
  readonly events: AuditEvent[] = [];
  refuse = false;
  newestTime = 0;
  get size(): number {
    return this.events.length;
  }
  append(event: AuditEvent): Promise<number> {
    if (this.refuse) return Promise.reject(new Error('refused'));
    return Promise.resolve(this.events.push(event) - 1);
  }
}

describe('aggregation of refusals', () => {
  let inner: MemoryLog;
  let now: number;
  let ids: number;
  let log: AggregatingLog;
  const make = (keys = 1_000) =>
    new AggregatingLog(inner, { now: () => now }, () => `id-${ids++}`, { window: 60_000, keys });
  beforeEach(() => {
    inner = new MemoryLog();
    now = 1_000_000;
    ids = 0;
    log = make();
  });

  const from = (ip: string, reason = 'authn.failed'): AuditEvent => ({
    ...deniedEvent(0),
    reason,
    peer: { ip, port: 1_234 },
    request: { id: 'r' },
  });
  const recorded = () => inner.events.reduce((total, event) => total + (event.count ?? 1), 0);

  it('tells agents of nodes apart by their pods, since they share an identity', async () => {
    const agent = (uid: string): AuditEvent => ({
      ...deniedEvent(0),
      reason: 'authn.impersonation',
      caller: { identity: 'spiffe://cluster.local/ns/istio-system/sa/ztunnel', pod: { uid } },
    });
    for (const uid of ['one', 'two', 'one']) await log.append(agent(uid));
    await log.close();
    expect(inner.events.map(({ caller, count }) => [Object(caller).pod.uid, count])).toEqual([
      ['one', undefined],
      ['two', undefined],
      ['one', 1],
    ]);
  });

  it('A-8: the first of a key is whole, the rest one record with their count', async () => {
    for (let n = 0; n < 5; n++) expect(await log.append(from('10.0.0.1'))).toBe(0);
    expect(await log.append(from('10.0.0.2'))).toBe(1);
    now += 60_000;
    await log.flush();
    expect(inner.events[0]).toEqual(from('10.0.0.1'));
    expect(inner.events.slice(2)).toEqual([
      {
        type: 'certificate.denied',
        id: 'id-0',
        outcome: 'denied',
        reason: 'authn.failed',
        message: '4 more like this',
        count: 4,
        door: 'istio',
        peer: { ip: '10.0.0.1' },
      },
    ]);
  });

  it('A-8: requests that failed are counted like those denied; the end of an intent is not', async () => {
    const failed: AuditEvent = { ...from('10.0.0.1', 'overload'), type: 'certificate.failed', outcome: 'failed' };
    for (let n = 0; n < 3; n++) await log.append(failed);
    expect(inner.events).toEqual([failed]);
    for (let n = 0; n < 3; n++) await log.append({ ...failed, prev: { intendedSeq: n } });
    expect(inner.events).toHaveLength(4);
    now += 60_000;
    await log.flush();
    expect(inner.events[4]).toMatchObject({ type: 'certificate.failed', reason: 'overload', count: 2 });
  });

  it('A-2: a failure that a full log cannot take is counted, and recorded once there is room', async () => {
    inner.refuse = true;
    const failed: AuditEvent = { ...from('10.0.0.1', 'overload'), type: 'certificate.failed', outcome: 'failed' };
    for (let n = 0; n < 3; n++) await expect(log.append(failed)).rejects.toThrow('refused');
    inner.refuse = false;
    now += 60_000;
    await log.flush();
    expect(inner.events).toMatchObject([{ type: 'certificate.failed', count: 3 }]);
  });

  it('A-8: nothing is summed up before its minute is over, and once per minute while it goes on', async () => {
    await log.append(from('a'));
    for (let minute = 1; minute <= 3; minute++) {
      await log.append(from('a'));
      now += 59_999;
      await log.flush();
      expect(inner.events).toHaveLength(minute);
      now += 1;
      await log.flush();
      expect(inner.events).toHaveLength(minute + 1);
    }
  });

  it('a key that was quiet for a minute starts with a whole record again', async () => {
    await log.append(from('a'));
    now += 60_000;
    await log.flush();
    expect(await log.append(from('a'))).toBe(1);
    expect(inner.events[1]).toEqual(from('a'));
  });

  it('other records pass as they are', async () => {
    for (let n = 0; n < 3; n++) await log.append(issuedEvent(n));
    await log.append({ ...deniedEvent(0), type: 'policy.refused' });
    await log.append({ ...deniedEvent(0), type: 'policy.refused' });
    expect(inner.events).toHaveLength(5);
    expect(log.size).toBe(5);
  });

  it('A-8: at the admin API people are told apart by name, and those whom nobody knows by address', async () => {
    const denied = (user: string | undefined, ip: string): AuditEvent => ({
      ...{ type: 'admin.denied', id: 'a', outcome: 'denied', reason: 'authz.role', door: 'admin' },
      peer: { ip },
      ...(user !== undefined && { actor: { user, method: 'oidc' } }),
    });
    for (const ip of ['10.0.0.1', '10.0.0.2'])
      for (const user of ['ada', 'bob', undefined]) await log.append(denied(user, ip));
    await log.close();
    expect(inner.events.map(({ actor, peer, count }) => [Object(actor).user ?? Object(peer).ip, count])).toEqual([
      ['ada', undefined],
      ['bob', undefined],
      ['10.0.0.1', undefined],
      ['10.0.0.2', undefined],
      ['ada', 1],
      ['bob', 1],
    ]);
  });

  it('A-3: one who is proven is told apart by identity, wherever it asks from', async () => {
    const by = (identity: string, ip: string): AuditEvent => ({ ...from(ip, 'policy.denied'), caller: { identity } });
    for (const ip of ['a', 'b', 'c']) await log.append(by('spiffe://x/1', ip));
    await log.append(by('spiffe://x/2', 'a'));
    await log.close();
    expect(inner.events.map(({ caller, count }) => [caller, count])).toEqual([
      [{ identity: 'spiffe://x/1' }, undefined],
      [{ identity: 'spiffe://x/2' }, undefined],
      [{ identity: 'spiffe://x/1' }, 2],
    ]);
  });

  it('A-8: 100,000 refusals leave exact counts and few records', async () => {
    for (let n = 0; n < 100_000; n++) {
      if (n % 10_000 === 9_999) {
        now += 60_000;
        await log.flush();
      }
      void log.append(from(`10.0.0.${n % 50}`, n % 3 === 0 ? 'authn.failed' : 'csr.malformed'));
    }
    await log.close();
    expect(recorded()).toBe(100_000);
    expect(inner.events.length).toBeLessThan(1_300);
  });

  it('A-8: more keys than it tells apart are counted by reason, exactly', async () => {
    log = make(10);
    for (let n = 0; n < 1_000; n++) await log.append(from(`address-${n}`, n % 2 === 0 ? 'authn.failed' : 'csr.pem'));
    await log.close();
    expect(recorded()).toBe(1_000);
    expect(inner.events).toHaveLength(10 + 2 + 2);
    expect(inner.events.at(-1)).not.toHaveProperty('peer');
  });

  it('A-8: no count is lost while the log refuses', async () => {
    inner.refuse = true;
    await expect(log.append(from('a'))).rejects.toThrow('refused');
    inner.refuse = false;
    expect(await log.append(from('a'))).toBe(0);
    await log.append(from('a'));
    inner.refuse = true;
    now += 60_000;
    await expect(log.flush()).rejects.toThrow('refused');
    inner.refuse = false;
    await log.append(from('a'));
    await log.close();
    expect(recorded()).toBe(4);
  });

  it('A-8: every refusal is in exactly one record, whatever the order of things', async () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ refuse: fc.constantFrom('a', 'b', 'c', 'd', 'e') }) },
      fc.record({ wait: fc.integer({ min: 0, max: 90_000 }) }),
      fc.record({ broken: fc.boolean() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        inner = new MemoryLog();
        log = make(3);
        let offered = 0;
        for (const one of steps) {
          if ('refuse' in one) {
            offered++;
            await log.append(from(one.refuse)).catch(() => undefined);
          } else if ('wait' in one) {
            now += one.wait;
            await log.flush().catch(() => undefined);
          } else inner.refuse = one.broken;
        }
        inner.refuse = false;
        await log.close();
        expect(recorded()).toBe(offered);
      }),
      { numRuns: 150 },
    );
  });

  it('sums up by itself when the minute is over', async () => {
    vi.useFakeTimers();
    try {
      await log.append(from('a'));
      await log.append(from('a'));
      now += 60_000;
      await vi.advanceTimersByTimeAsync(60_000);
      expect(inner.events.at(-1)).toMatchObject({ count: 1 });
      now += 60_000;
      await vi.advanceTimersByTimeAsync(60_000);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
