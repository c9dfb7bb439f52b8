import { CertificateRequesters } from '#authn/kubernetes/certificate-requesters.ts';
import { ownCertificate } from '#authority/own-certificate.ts';
import { AnsweredRequests, type AnsweredRequestsOptions } from '#doors/kubernetes/answered-requests.ts';
import type { CertificateRequest } from '#doors/kubernetes/certificate-request.ts';
import { certificateRequests } from '#doors/kubernetes/certificate-requests.ts';
import { IssuerObjects } from '#doors/kubernetes/issuer-objects.ts';
import type { IssuerSpec } from '#doors/kubernetes/issuer-spec.ts';
import type { Handed } from '#doors/kubernetes/request-kind.ts';
import { EventPoster } from '#kubernetes/event-poster.ts';
import { Refusal, type RefusalCode } from '#refusal/refusal.ts';
import { parseTrustDomain } from '#spiffe/spiffe-id.ts';
import { Rig, type RigOptions } from '#test/issuance/rig.ts';
import { FakePace, until } from '#test/kubernetes/fake-pace.ts';
import { noon, setOf } from '#test/policy/sidecar.ts';
import { at } from '#test/support/control-plane/client.ts';
import { toPem } from '#x509/pem.ts';
import type { RequestApi } from './request-api.ts';
import { Shop } from './shop.ts';

const stepMs = 200;
const policies = setOf({
  name: 'named',
  spec: {
    match: { kinds: ['end-entity'], doors: ['cert-manager'] },
    key: { allow: ['ec:P-256'] },
    sans: { dns: { mode: 'optional', patterns: ['*'] } },
    certificate: { keyUsage: ['digitalSignature', 'keyEncipherment'], extendedKeyUsage: ['serverAuth', 'clientAuth'] },
    validity: { default: '2160h', max: '2160h', min: '5m' },
  },
});

export interface DoorOptions extends RigOptions {
  /** Several doors may stand before one. */
  readonly api?: RequestApi;
  readonly retryForMs?: number;
  readonly issuedBefore?: AnsweredRequestsOptions<CertificateRequest>['issuedBefore'];
  /** What is wrong with an issuer for good. */
  readonly judge?: (spec: IssuerSpec) => string | undefined;
}

/** The door of CertificateRequests on an API of its own, with the issuers beside it, in time that the test holds. */
export class Door extends Shop implements AsyncDisposable {
  readonly rig: Rig;
  readonly pace = new FakePace();
  readonly ends: string[] = [];
  readonly told: string[] = [];
  /** What every issuance ends with, while it is there. */
  outage: RefusalCode | undefined;
  /** What every issuer waits for, while it is there. */
  away: string | undefined;
  readonly requests: AnsweredRequests<CertificateRequest>;
  readonly issuers: IssuerObjects;
  readonly #poster: EventPoster;
  #term: AbortController | undefined = new AbortController();
  #faults = 0;
  #busy = 0;

  constructor(options: DoorOptions = {}) {
    super(options.api);
    const { api, pace } = this;
    pace.epoch = noon;
    const trustDomain = parseTrustDomain('cluster.local');
    const requesters = new CertificateRequesters({ api, trustDomain, group: 'countersign.dev' });
    this.rig = Rig.of({
      policies,
      authenticate: async (evidence, signal) => {
        // no two messages are the same
        if (this.outage !== undefined) throw new Refusal(this.outage, `fault ${++this.#faults}`);
        return requesters.authenticate(evidence, signal);
      },
      ...options,
    });
    const told = (message: string) => this.told.push(message);
    this.#poster = new EventPoster({ api, pace, controller: 'test', instance: 'test', onTrouble: told });
    const around = {
      ...{ api, pace },
      term: () => this.#term?.signal,
      observer: {
        ended: (outcome: string) => this.ends.push(outcome),
        told: (_: string, message: string) => told(message),
        announced: this.#poster.post.bind(this.#poster),
      },
    };
    const { judge = () => undefined, retryForMs = 600_000, issuedBefore } = options;
    this.issuers = new IssuerObjects({
      ...around,
      judge: (spec) => {
        if (this.away !== undefined) return { reason: 'Pending', message: this.away };
        const message = judge(spec);
        return message === undefined ? undefined : { reason: 'Failed', message };
      },
      onChange: () => this.requests.refresh(),
    });
    const issuer = (key: string) => this.issuers.standing(key);
    const { sequence } = this.rig;
    this.requests = new AnsweredRequests({
      ...around,
      kind: certificateRequests({
        ...{ cluster: 'Kubernetes', retryForMs, issuer },
        own: (chain, asked, now) => ownCertificate(chain, asked, [this.rig.issuer], now),
      }),
      issuance: {
        issue: (...asked) => this.#busyWith(sequence.issue(...asked)),
        approve: (...asked) => this.#busyWith(sequence.approve(...asked)),
        refuse: (...asked) => this.#busyWith(sequence.refuse(...asked)),
      },
      ...(issuedBefore !== undefined && { issuedBefore }),
    });
  }

  /** With an Issuer `mesh` that is ready. */
  static async open(options: DoorOptions = {}): Promise<Door> {
    const door = new Door(options);
    if (options.api === undefined) door.issuer('mesh');
    await door.start();
    return door;
  }

  /** Resolves once the Issuer `mesh` is ready. */
  async start(): Promise<void> {
    this.requests.start();
    this.issuers.start();
    await until(() => 'offers' in this.issuers.standing('issuers/shop/mesh'));
  }

  lead(): void {
    this.#term = new AbortController();
    this.issuers.refresh();
    this.requests.refresh();
  }

  /** The lease is another's. */
  resign(): void {
    this.#term?.abort();
    this.#term = undefined;
  }

  /** As one that has not noticed yet: what is under way goes on. */
  stopLeading(): void {
    this.#term = undefined;
  }

  /** Records of the log, of one request or of all. */
  records(type: string, uid?: string): unknown[] {
    return this.rig.log.records.filter(
      (record) => record.type === type && (uid === undefined || at(record.request, 'id') === uid),
    );
  }

  /** What the log says was signed for a request. */
  handed(uid: string): Handed {
    const [record] = this.records('certificate.issued', uid);
    const leaf = toPem('CERTIFICATE', Buffer.from(String(at(record, 'certificateDer')), 'base64'));
    const { intermediates, roots } = this.rig.issuer;
    return { leaf, intermediates, roots };
  }

  pass(ms: number): void {
    this.rig.clock.advance(ms);
    this.pace.advance(ms);
  }

  /** Lets time pass in small steps, and all that is due in it be done. */
  async live(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.pass(Math.min(stepMs, ms - passed));
      await this.settled();
    }
  }

  /** Resolves once nothing is under way but waits. */
  async settled(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet = this.#busy + this.api.busy === 0 ? quiet + 1 : 0)
      await new Promise((resolve) => setImmediate(resolve));
  }

  async stop(): Promise<void> {
    await Promise.all([this.requests.stop(), this.issuers.stop(), this.#poster.stop()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.judge();
  }

  async #busyWith<T>(work: Promise<T>): Promise<T> {
    this.#busy += 1;
    try {
      return await work;
    } finally {
      this.#busy -= 1;
    }
  }
}
