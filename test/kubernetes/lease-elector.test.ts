import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, type ApiRequest, type KubernetesApi, type KubernetesObject } from '#kubernetes/api.ts';
import { readLease } from '#kubernetes/lease.ts';
import { LeaseElector } from '#kubernetes/lease-elector.ts';
import { FakePace } from './fake-pace.ts';

/** One Lease, with the API server's rule on versions. */
class LeaseModel {
  lease: KubernetesObject | undefined;
  #version = 0;
  readonly writes: { readonly method: string; readonly holder: string }[] = [];

  get record() {
    return readLease(this.lease ?? {});
  }

  answer({ method, body }: ApiRequest): KubernetesObject {
    if (method === 'GET') {
      if (this.lease === undefined) throw new ApiError('none', { status: 404, reason: 'NotFound' });
      return this.lease;
    }
    const exists = this.lease !== undefined;
    const sent = Object(body?.metadata).resourceVersion;
    if (method === 'POST' ? exists : sent !== String(this.#version)) {
      throw new ApiError('conflict', { status: 409, reason: 'Conflict' });
    }
    this.#version += 1;
    this.lease = { ...body, metadata: { ...Object(body?.metadata), resourceVersion: String(this.#version) } };
    this.writes.push({ method, holder: this.record.holder });
    return this.lease;
  }
}

/** One replica: its own clock, its own way to the server. */
class Replica {
  readonly pace = new FakePace();
  reach: 'yes' | 'no' | 'answers lost' | 'answers late' = 'yes';
  /** Happens on the server just before it takes the next write of this replica's. */
  meanwhile: (() => void) | undefined;
  terms: AbortSignal[] = [];
  troubles: string[] = [];
  readonly elector: LeaseElector;

  constructor(model: LeaseModel, identity: string, epochSkewMs = 0) {
    this.pace.epoch += epochSkewMs;
    const api: KubernetesApi = {
      ask: async (request) => {
        if (this.reach === 'no') throw new ApiError('cut', { status: 0 });
        if (request.method !== 'GET') {
          this.meanwhile?.();
          this.meanwhile = undefined;
        }
        const answer = model.answer(request);
        if (this.reach === 'answers late') await new Promise<void>((resolve) => void this.pace.after(4000, resolve));
        if (this.reach === 'answers lost') throw new ApiError('cut', { status: 0 });
        return answer;
      },
      lines: () => {
        throw new Error('not for leases');
      },
      close: async () => {},
    };
    this.elector = new LeaseElector({
      api,
      namespace: 'istio-system',
      name: 'countersign',
      identity,
      pace: this.pace,
      onLeading: (term) => void this.terms.push(term),
      onTrouble: (message) => void this.troubles.push(message),
    });
  }
}

const calm = async () => {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** Lets time pass for all, in steps of 100 ms. */
async function pass(ms: number, replicas: readonly Replica[], look: () => void = () => {}): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    for (const { pace } of replicas) pace.advance(100);
    await calm();
    look();
  }
}

let model: LeaseModel;
let a: Replica;
let b: Replica;

beforeEach(() => {
  model = new LeaseModel();
  a = new Replica(model, 'pod-a');
  b = new Replica(model, 'pod-b');
});

afterEach(async () => {
  for (const replica of [a, b]) replica.reach = 'no';
  await Promise.all([a.elector.stop(), b.elector.stop()]);
});

const begin = async (...replicas: Replica[]) => {
  for (const { elector } of replicas) {
    elector.start();
    await calm();
  }
};
const leaders = (...replicas: Replica[]) => replicas.map(({ elector }) => elector.leading);

describe('a lease', () => {
  it('is made where there is none, as client-go writes it', async () => {
    await begin(a);
    expect(a.elector.leading).toBe(true);
    expect(model.lease).toMatchObject({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace: 'istio-system', name: 'countersign' },
      spec: {
        holderIdentity: 'pod-a',
        leaseDurationSeconds: 15,
        leaseTransitions: 0,
        acquireTime: '2026-11-21T15:00:00.000000Z',
        renewTime: '2026-11-21T15:00:00.000000Z',
      },
    });
  });

  it('is renewed every two seconds, and keeps when it was acquired and what others wrote into it', async () => {
    await begin(a);
    model.lease = { ...model.lease, spec: { ...Object(model.lease?.spec), strategy: 'OldestEmulationVersion' } };
    await pass(4000, [a]);
    expect(model.writes.length).toBe(3);
    expect(model.lease.spec).toMatchObject({
      strategy: 'OldestEmulationVersion',
      leaseTransitions: 0,
      acquireTime: '2026-11-21T15:00:00.000000Z',
      renewTime: '2026-11-21T15:00:04.000000Z',
    });
    expect(a.terms.length).toBe(1);
  });

  it('has one holder: the other waits as long as it is renewed', async () => {
    await begin(a, b);
    await pass(60_000, [a, b], () => expect(leaders(a, b)).toEqual([true, false]));
    expect(b.elector.holder).toBe('pod-a');
  });

  it('is taken over 15 s after it was last seen to change, and no sooner', async () => {
    await begin(a, b);
    a.reach = 'no';
    await pass(13_900, [b], () => expect(b.elector.leading).toBe(false));
    await pass(3000, [b]);
    expect(b.elector.leading).toBe(true);
    expect(model.record).toMatchObject({ holder: 'pod-b', transitions: 1 });
  });

  it('is no longer held 10 s after the last renewal, before anybody else can hold it', async () => {
    await begin(a, b);
    a.reach = 'no';
    let stoppedAt = 0;
    let takenAt = 0;
    await pass(20_000, [a, b], () => {
      expect(leaders(a, b).filter(Boolean).length).toBeLessThanOrEqual(1);
      if (stoppedAt === 0 && !a.elector.leading) stoppedAt = a.pace.elapsed();
      if (takenAt === 0 && b.elector.leading) takenAt = a.pace.elapsed();
    });
    expect(stoppedAt).toBeLessThanOrEqual(10_000);
    expect(takenAt).toBeGreaterThanOrEqual(15_000);
    expect(a.terms[0]?.aborted).toBe(true);
    expect(a.elector.term).toBeUndefined();
    a.reach = 'yes';
    await pass(20_000, [a, b], () => expect(leaders(a, b)).toEqual([false, true]));
  });

  it('is no longer held 10 s after the last renewal was sent, however late its answer came', async () => {
    await begin(a);
    a.reach = 'answers late';
    await pass(6500, [a]);
    expect(model.writes.length).toBe(2);
    const sentAt = Date.parse(model.record.renewTime) - a.pace.epoch - 4000;
    await pass(4000, [a]);
    const { elapsed } = a.pace;
    a.pace.elapsed = () => sentAt + 9999;
    expect(a.elector.leading).toBe(true);
    a.pace.elapsed = () => sentAt + 10_000;
    expect(a.elector.leading).toBe(false);
    a.pace.elapsed = elapsed;
    a.reach = 'no';
    await pass(6000, [a]);
    expect(a.terms[0]?.aborted).toBe(true);
  });

  it('is no longer held by a process that stood still, even before its timers ran', async () => {
    await begin(a);
    const { elapsed } = a.pace;
    a.pace.elapsed = () => elapsed() + 10_000;
    expect(a.elector.leading).toBe(false);
    expect(a.elector.term).toBeUndefined();
    a.pace.elapsed = elapsed;
  });

  it.each([-600_000, 600_000])('K-80: with a clock that is off by %i ms there are never two writers', async (skew) => {
    const c = new Replica(model, 'pod-c', skew);
    await begin(a, c);
    await pass(40_000, [a, c], () => expect(leaders(a, c)).toEqual([true, false]));
    a.reach = 'no';
    await pass(30_000, [a, c], () => expect(leaders(a, c).filter(Boolean).length).toBeLessThanOrEqual(1));
    expect(leaders(a, c)).toEqual([false, true]);
    a.reach = 'yes';
    await pass(40_000, [a, c], () => expect(leaders(a, c)).toEqual([false, true]));
    await c.elector.stop();
  });

  it('K-80: is handed back at the end, and taken over in less than 3 s', async () => {
    await begin(a, b);
    await pass(5000, [a, b]);
    await a.elector.stop();
    expect(a.terms[0]?.aborted).toBe(true);
    expect(model.record).toMatchObject({ holder: '', durationSeconds: 1 });
    await pass(2900, [b]);
    expect(b.elector.leading).toBe(true);
    expect(model.record).toMatchObject({ holder: 'pod-b', transitions: 1 });
  });

  it('is handed back although a renewal that was called off is written in between', async () => {
    await begin(a, b);
    const renewal: ApiRequest = { method: 'PUT', path: '', ...(model.lease !== undefined && { body: model.lease }) };
    a.meanwhile = () => void model.answer(renewal);
    await a.elector.stop();
    expect(model.writes.map(({ holder }) => holder)).toEqual(['pod-a', 'pod-a', '']);
    expect(a.troubles).toEqual([]);
  });

  it('is handed back although it is not known whether it was ever had', async () => {
    a.reach = 'answers lost';
    await begin(a);
    expect([a.elector.leading, model.record.holder]).toEqual([false, 'pod-a']);
    a.reach = 'yes';
    await a.elector.stop();
    expect(model.record.holder).toBe('');
  });

  it('that another holds is not touched at the end', async () => {
    await begin(a, b);
    const before = model.writes.length;
    await b.elector.stop();
    expect(model.writes.length).toBe(before);
  });

  it('whose renewal was written, but the answer lost, is renewed on', async () => {
    await begin(a, b);
    a.reach = 'answers lost';
    await pass(4000, [a, b]);
    a.reach = 'yes';
    await pass(30_000, [a, b], () => expect(leaders(a, b)).toEqual([true, false]));
    expect(a.terms.length).toBe(1);
    expect(a.troubles.length).toBeGreaterThan(0);
  });

  it('that two want at the same moment goes to one of them', async () => {
    a.elector.start();
    b.elector.start();
    await calm();
    await pass(20_000, [a, b], () => expect(leaders(a, b).filter(Boolean).length).toBe(1));
  });

  it('ends at once for who sees another in it', async () => {
    await begin(a);
    model.lease = { ...model.lease, spec: { ...Object(model.lease?.spec), holderIdentity: 'somebody' } };
    await pass(2000, [a]);
    expect(a.elector.leading).toBe(false);
    expect(a.terms[0]?.aborted).toBe(true);
  });

  it('can be held again: each term has its own signal', async () => {
    await begin(a);
    a.reach = 'no';
    await pass(12_000, [a]);
    a.reach = 'yes';
    await pass(4000, [a]);
    expect(a.elector.leading).toBe(true);
    expect(a.terms.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(model.record.transitions).toBe(0);
  });
});
