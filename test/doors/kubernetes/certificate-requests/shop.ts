import type { KubernetesObject } from '#kubernetes/api.ts';
import { until } from '#test/kubernetes/fake-pace.ts';
import { at } from '#test/support/control-plane/client.ts';
import { buildCsr, dns, san } from '#test/x509/csr/build.ts';
import { sequence } from '#x509/der/writer.ts';
import { toPem } from '#x509/pem.ts';
import { wrongIn } from './life.ts';
import { RequestApi } from './request-api.ts';

const requests = '/apis/cert-manager.io/v1/namespaces/shop/certificaterequests';
const issuers = '/apis/countersign.dev/v1alpha1';
export const approved = { type: 'Approved', status: 'True', reason: 'Test', message: '' };

/** PEM, of the one name `web.shop.example`. */
export const csrOf = (...extensions: readonly Uint8Array[]): string =>
  toPem(
    'CERTIFICATE REQUEST',
    buildCsr({ subject: sequence(), extensions: [san(dns('web.shop.example')), ...extensions] }),
  );
const plain = csrOf();

export interface AskOptions {
  /** PEM. */
  readonly csr?: string;
  readonly spec?: KubernetesObject;
  readonly status?: unknown;
  readonly metadata?: unknown;
}

/** The namespace `shop`: the issuers and requests that are made there, and what becomes of them. */
export class Shop {
  readonly api: RequestApi;
  /** Paths of requests whose status others have written. */
  readonly #touched = new Set<string>();

  constructor(api = new RequestApi()) {
    this.api = api;
  }

  /** Makes or changes one; a spec that changes is a new generation. */
  issuer(name: string, spec: KubernetesObject = {}, { generation = 1, namespace = 'shop' } = {}): void {
    this.#put(`${issuers}/namespaces/${namespace}/issuers/${name}`, { metadata: { generation }, spec });
  }

  clusterIssuer(name: string): void {
    this.#put(`${issuers}/clusterissuers/${name}`, { metadata: { generation: 1 }, spec: {} });
  }

  removeIssuer(name: string): void {
    this.api.remove(`${issuers}/namespaces/shop/issuers/${name}`);
  }

  /** Its Ready condition. */
  readyOf(name: string): unknown {
    return at(this.api.object(`${issuers}/namespaces/shop/issuers/${name}`), 'status', 'conditions', 0);
  }

  /** An approved request for the Issuer `mesh`, or what the test makes of it. Returns its UID. */
  ask(
    name: string,
    { csr = plain, spec, status = { conditions: [approved] }, metadata = {} }: AskOptions = {},
  ): string {
    const issuerRef = { group: 'countersign.dev', kind: 'Issuer', name: 'mesh' };
    const request = Buffer.from(csr).toString('base64');
    const made = this.#put(`${requests}/${name}`, { metadata, spec: { issuerRef, request, ...spec }, status });
    return String(at(made, 'metadata', 'uid'));
  }

  exists(name: string): boolean {
    return Object.keys(this.#live(`${requests}/${name}`)).length > 0;
  }

  /** What an approver says, beside what is said already. */
  decide(name: string, verdict: KubernetesObject): void {
    const { conditions, ...others } = this.statusOf(name);
    const all = [...(Array.isArray(conditions) ? conditions : []), verdict];
    this.#put(`${requests}/${name}`, { status: { ...others, conditions: all } });
  }

  /** What somebody else does to its status. */
  say(name: string, status: KubernetesObject): void {
    this.#touched.add(`${requests}/${name}`);
    this.#put(`${requests}/${name}`, { status: { ...this.statusOf(name), ...status } });
  }

  remove(name: string): void {
    this.api.remove(`${requests}/${name}`);
  }

  statusOf(name: string): KubernetesObject {
    return Object(this.api.object(`${requests}/${name}`).status ?? {});
  }

  conditionOf(name: string, type = 'Ready'): KubernetesObject | undefined {
    const { conditions } = this.statusOf(name);
    return Array.isArray(conditions) ? conditions.find((each) => at(each, 'type') === type) : undefined;
  }

  reasonOf(name: string): unknown {
    return this.conditionOf(name)?.reason;
  }

  messageOf(name: string): string {
    return String(this.conditionOf(name)?.message);
  }

  /** PEM of the first in its status. */
  certificateOf(name: string): string {
    const chain = Buffer.from(String(this.statusOf(name).certificate), 'base64').toString();
    return /^-----BEGIN[^-]+-----[^-]+-----END[^-]+-----\n/.exec(chain)?.[0] ?? '';
  }

  /** Resolves once Ready has that reason. */
  async ended(name: string, reason: string): Promise<void> {
    await until(() => this.reasonOf(name) === reason);
  }

  /** Writes to one request. */
  writesTo(name: string): readonly unknown[] {
    return this.api.writes.filter(({ path }) => path === `${requests}/${name}/status`).map(({ body }) => body);
  }

  /** Events about one object. */
  eventsOf(name: string): KubernetesObject[] {
    return this.api.events.filter(({ regarding }) => at(regarding, 'name') === name);
  }

  /** Every request's life is held to the rules, but for those that others have written to. Throws Error. */
  judge(): void {
    const lives = this.api.livesIn(requests).filter(([path]) => !this.#touched.has(path));
    const wrong = lives.flatMap(([path, life]) => wrongIn(life).map((what) => `${path}: ${what}`));
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
  }

  #put(path: string, object: KubernetesObject): KubernetesObject {
    return this.api.put(path, { ...this.#live(path), ...object });
  }

  #live(path: string): KubernetesObject {
    try {
      return this.api.object(path);
    } catch {
      return {};
    }
  }
}
