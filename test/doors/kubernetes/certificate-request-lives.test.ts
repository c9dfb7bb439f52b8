import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError, type ApiRequest } from '#kubernetes/api.ts';
import { until } from '#test/kubernetes/fake-pace.ts';
import { at } from '#test/support/control-plane/client.ts';
import { Door } from './certificate-requests/door.ts';
import { approved } from './certificate-requests/shop.ts';

const minute = 60_000;
const denied = { type: 'Denied', status: 'True', reason: 'Test', message: '' };
const names = ['a', 'b', 'c', 'd'];

/** Something that happens to a cluster with two replicas. */
type Happening =
  | { readonly what: 'asked' | 'approved' | 'denied' | 'removed'; readonly name: string }
  | { readonly what: 'asked and approved'; readonly name: string }
  | { readonly what: 'faults'; readonly when: 'fault' | 'lost'; readonly status: number; readonly times: number }
  | { readonly what: 'outage' | 'return' | 'leads' | 'resigns' | 'lags'; readonly replica: number }
  | { readonly what: 'issuer' | 'no issuer' | 'deaf' | 'hearing' }
  | { readonly what: 'time'; readonly ms: number };

const replica = fc.nat(1);
const name = fc.constantFrom(...names);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ what: fc.constantFrom('asked', 'asked and approved'), name }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constantFrom('approved', 'denied', 'removed'), name }) },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant('faults'),
      when: fc.constantFrom('fault', 'lost'),
      status: fc.constantFrom(0, 409, 410, 422, 429, 500),
      times: fc.integer({ min: 1, max: 5 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constantFrom('outage', 'return', 'leads', 'resigns', 'lags'), replica }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constantFrom('issuer', 'no issuer', 'deaf', 'hearing') }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('time'), ms: fc.constantFrom(0, 200, 1_000, 5_000) }) },
);

/** Two replicas on one cluster, whoever of them believes to lead. */
class Cluster {
  readonly #doors: readonly [Door, Door];
  #generation = 1;
  #hear = () => {};

  private constructor(doors: readonly [Door, Door]) {
    this.#doors = doors;
  }

  static async open(): Promise<Cluster> {
    const one = await Door.open();
    return new Cluster([one, await Door.open({ api: one.api })]);
  }

  async meet(happening: Happening): Promise<void> {
    const [one] = this.#doors;
    const isThere = 'name' in happening && names.some((each) => each === happening.name && this.#has(each));
    switch (happening.what) {
      case 'asked':
        if (!isThere) one.ask(happening.name, { status: {} });
        return;
      case 'asked and approved':
        if (!isThere) one.ask(happening.name);
        return;
      case 'approved':
      case 'denied':
        if (isThere) this.#judge(happening.name, happening.what === 'denied' ? denied : approved);
        return;
      case 'removed':
        if (isThere) one.remove(happening.name);
        return;
      case 'faults':
        this.#fail(happening);
        return;
      case 'issuer':
        one.issuer('mesh', {}, { generation: ++this.#generation });
        return;
      case 'no issuer':
        one.issuer('mesh', {}, { generation: this.#generation });
        one.removeIssuer('mesh');
        return;
      case 'deaf':
        this.#hear = one.api.hold();
        return;
      case 'hearing':
        this.#hear();
        return;
      case 'time':
        await Promise.all(this.#doors.map((door) => door.live(happening.ms)));
        return;
      case 'outage':
      case 'return':
      case 'leads':
      case 'resigns':
      case 'lags':
        this.#turn(happening.replica === 0 ? this.#doors[0] : this.#doors[1], happening.what);
    }
  }

  /** All is well again, and one leads: every request that somebody decided on has its end. */
  async end(): Promise<void> {
    const [one, other] = this.#doors;
    one.api.fault = () => {};
    one.api.lost = () => {};
    this.#hear();
    for (const door of this.#doors) this.#turn(door, 'return');
    other.resign();
    one.issuer('mesh', {}, { generation: ++this.#generation });
    one.lead();
    await Promise.all(this.#doors.map((door) => door.live(2 * minute)));
    for (const each of names.filter((each) => this.#has(each))) {
      const isDecided =
        one.conditionOf(each, 'Approved') !== undefined || one.conditionOf(each, 'Denied') !== undefined;
      expect([undefined, 'Issued', 'Failed', 'Denied'].indexOf(one.reasonOf(each) as string) > 0).toBe(isDecided);
    }
    for (const door of this.#doors) {
      const signed = door.records('certificate.issued').map((record) => at(record, 'request', 'id'));
      expect(new Set(signed).size).toBe(signed.length);
    }
    await Promise.all(this.#doors.map((door) => door.stop()));
    one.judge();
  }

  #has(name: string): boolean {
    return this.#doors[0].exists(name);
  }

  #judge(name: string, verdict: typeof approved): void {
    const [one] = this.#doors;
    if (one.conditionOf(name, verdict.type) === undefined) one.decide(name, verdict);
  }

  #fail({ when, status, times }: Extract<Happening, { what: 'faults' }>): void {
    const [{ api }] = this.#doors;
    let left = times;
    api[when] = ({ method, path }: ApiRequest) => {
      if (method === 'PATCH' && path.includes('/certificaterequests/') && left-- > 0)
        throw new ApiError('unruly', { status, ...(status === 429 && { retryAfterMs: 2_000 }) });
    };
  }

  #turn(door: Door, what: Extract<Happening, { replica: number }>['what']): void {
    if (what === 'leads') door.lead();
    if (what === 'resigns') door.resign();
    if (what === 'lags') door.stopLeading();
    if (what === 'outage') door.outage = 'signer.unavailable';
    if (what === 'return') door.outage = undefined;
  }
}

describe('the life of a CertificateRequest', () => {
  it('K-7, K-8, K-9, K-10, K-11, K-33, K-34: whatever happens around it, and whoever leads, keeps the rules', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { minLength: 30, maxLength: 60, size: 'max' }), async (happenings) => {
        const cluster = await Cluster.open();
        for (const each of happenings) await cluster.meet(each);
        await cluster.end();
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  it('ten thousand of them leave nothing behind', async () => {
    await using door = await Door.open({ retryForMs: minute });
    const many = 10_000;
    const kinds = [
      { spec: { duration: 'soon' } },
      { status: { conditions: [denied] } },
      { spec: { issuerRef: { group: 'countersign.dev', kind: 'Issuer', name: 'nowhere' } } },
    ];
    for (let n = 0; n < many; n++) door.ask(`web-${n}`, n % 20 === 0 ? {} : kinds[n % kinds.length]);
    const isOver = (n: number) => door.reasonOf(`web-${n}`) !== undefined;
    for (let n = 0; n < many; n++) await until(() => isOver(n));
    for (let n = 0; n < many; n++) if (door.reasonOf(`web-${n}`) === 'Pending') door.remove(`web-${n}`);
    await until(() => door.requests.waiting === 0);
    await door.settled();
    expect(door.requests.remembered).toBe(0);
    expect(door.records('certificate.issued')).toHaveLength(many / 20);
  }, 120_000);
});
