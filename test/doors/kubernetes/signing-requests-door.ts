import { Requesters } from '#authn/kubernetes/requesters.ts';
import { TrustedAccounts } from '#authn/node/trusted-accounts.ts';
import { AnsweredRequests } from '#doors/kubernetes/answered-requests.ts';
import type { SigningRequest } from '#doors/kubernetes/signing-request.ts';
import { signingRequests } from '#doors/kubernetes/signing-requests.ts';
import type { ApiRequest, KubernetesObject } from '#kubernetes/api.ts';
import { parseTrustDomain } from '#spiffe/spiffe-id.ts';
import { Rig, type RigOptions } from '#test/issuance/rig.ts';
import { FakePace } from '#test/kubernetes/fake-pace.ts';
import { noon } from '#test/policy/sidecar.ts';
import { at } from '#test/support/control-plane/client.ts';
import { p256Request, web } from '#test/support/requests.ts';
import { RequestApi } from './certificate-requests/request-api.ts';

export const signerName = 'mesh.example/istio';
export const collection = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const { csr } = p256Request(web);
export const isApproval = ({ method, path }: ApiRequest) => method === 'PATCH' && path.endsWith('/approval');

const trustDomain = parseTrustDomain('cluster.local');
export const requesters = new Requesters({
  trusted: new TrustedAccounts(['istio-system/istiod']),
  trustDomain,
  trustDomains: [trustDomain],
});

export interface DoorOptions extends RigOptions {
  readonly approves?: boolean;
  readonly leads?: boolean;
}

/** The door of CertificateSigningRequests on an API of its own, in time that the test holds. */
export class Door {
  readonly api = new RequestApi();
  readonly pace = new FakePace();
  readonly ends: string[] = [];
  readonly told: string[] = [];
  readonly rig: Rig;
  readonly requests: AnsweredRequests<SigningRequest>;
  leads: boolean;
  readonly #term = new AbortController();
  #busy = 0;

  constructor({ approves = true, leads = true, ...options }: DoorOptions = {}) {
    this.pace.epoch = noon;
    this.leads = leads;
    this.rig = Rig.of({
      authenticate: (evidence) => requesters.authenticate(evidence),
      impersonation: requesters,
      ...options,
    });
    const { api, pace } = this;
    const { sequence } = this.rig;
    this.requests = new AnsweredRequests({
      ...{ api, pace },
      issuance: {
        issue: (...asked) => this.#busyWith(sequence.issue(...asked)),
        approve: (...asked) => this.#busyWith(sequence.approve(...asked)),
        refuse: (...asked) => this.#busyWith(sequence.refuse(...asked)),
      },
      kind: signingRequests({ cluster: 'Kubernetes', signerName, appendRoot: false, approves }),
      term: () => (this.leads ? this.#term.signal : undefined),
      observer: { ended: (outcome) => this.ends.push(outcome), told: (_, message) => this.told.push(message) },
    });
  }

  ask(name: string, spec: KubernetesObject = {}): void {
    const usages = ['digital signature', 'server auth', 'client auth'];
    const request = Buffer.from(csr).toString('base64');
    this.api.put(`${collection}/${name}`, {
      metadata: { creationTimestamp: new Date(noon).toISOString() },
      spec: { signerName, request, usages, username: 'system:serviceaccount:istio-system:istiod', ...spec },
    });
  }

  statusOf(name: string): KubernetesObject {
    return Object(this.api.object(`${collection}/${name}`).status ?? {});
  }

  /** `TYPE REASON` of its conditions. */
  saidOf(name: string): string[] {
    const { conditions } = this.statusOf(name);
    return Array.isArray(conditions) ? conditions.map((each) => `${at(each, 'type')} ${at(each, 'reason')}`) : [];
  }

  /** What another approver says. */
  decide(name: string, type: 'Approved' | 'Denied'): void {
    const path = `${collection}/${name}`;
    const condition = { type, status: 'True', reason: 'Other', message: '' };
    this.api.put(path, { ...this.api.object(path), status: { conditions: [condition] } });
  }

  /** In steps in which all that is due is done. */
  async live(ms: number, stepMs = 1_000): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.rig.clock.advance(stepMs);
      this.pace.advance(stepMs);
      await this.settled();
    }
  }

  /** Resolves once nothing is under way but waits. */
  async settled(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet = this.#busy + this.api.busy === 0 ? quiet + 1 : 0)
      await new Promise((resolve) => setImmediate(resolve));
  }

  async #busyWith<T>(work: Promise<T>): Promise<T> {
    this.#busy += 1;
    try {
      return await work;
    } finally {
      this.#busy -= 1;
    }
  }

  get approvals(): readonly ApiRequest[] {
    return this.api.asked.filter(isApproval);
  }
}
