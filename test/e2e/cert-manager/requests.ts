import { vi } from 'vitest';
import { requestsIn } from '#test/e2e/spire/played-issuer.ts';
import { at, type TestClient } from '#test/support/control-plane/client.ts';
import { buildCsr, dns, ecKey, san } from '#test/x509/csr/build.ts';
import { sequence } from '#x509/der/writer.ts';
import { toPem } from '#x509/pem.ts';
import { conditionOf, textIn } from './objects.ts';

const patiently = { timeout: 60_000, interval: 25 };
const ours = '/apis/countersign.dev/v1alpha1';
const ends = ['Issued', 'Failed', 'Denied'];
const apply = 'application/apply-patch+yaml';

/** PEM, of a key of its own. */
export const newCsr = (): string =>
  toPem(
    'CERTIFICATE REQUEST',
    buildCsr({ key: ecKey('P-256'), subject: sequence(), extensions: [san(dns('web.shop.example'))] }),
  );

/** CertificateRequests and issuers in one namespace, made by an administrator, with no webhook that would look at them. */
export class Requests {
  readonly admin: TestClient;
  readonly namespace: string;

  constructor(admin: TestClient, namespace: string) {
    this.admin = admin;
    this.namespace = namespace;
  }

  pathOf(name: string): string {
    return `${requestsIn(this.namespace)}/${name}`;
  }

  issuerPath(name: string, kind = 'Issuer'): string {
    return kind === 'Issuer'
      ? `${ours}/namespaces/${this.namespace}/issuers/${name}`
      : `${ours}/clusterissuers/${name}`;
  }

  async issuer(name: string, kind = 'Issuer', spec: unknown = {}): Promise<void> {
    const path = this.issuerPath(name, kind);
    const object = { apiVersion: 'countersign.dev/v1alpha1', kind, metadata: { name }, spec };
    await this.admin.create(path.slice(0, path.lastIndexOf('/')), object);
  }

  /** Resolves once it is ready. */
  async ready(name: string, kind = 'Issuer'): Promise<void> {
    await vi.waitUntil(async () => {
      const found = await this.admin.get(this.issuerPath(name, kind));
      return conditionOf(found, 'Ready')?.status === 'True';
    }, patiently);
  }

  /** Not approved yet. Resolves with its UID. */
  async make(name: string, spec: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const made = await this.admin.create(requestsIn(this.namespace), {
      apiVersion: 'cert-manager.io/v1',
      kind: 'CertificateRequest',
      metadata: { name },
      spec: {
        request: Buffer.from(newCsr()).toString('base64'),
        issuerRef: { group: 'countersign.dev', kind: 'Issuer', name: 'mesh' },
        ...spec,
      },
    });
    return String(at(made, 'metadata', 'uid'));
  }

  /** As an approver does. */
  async decide(name: string, type: 'Approved' | 'Denied' = 'Approved'): Promise<void> {
    const condition = { type, status: 'True', reason: 'Test', message: 'by the test', lastTransitionTime: new Date() };
    const path = `${this.pathOf(name)}/status?fieldManager=approver&force=true`;
    const object = { apiVersion: 'cert-manager.io/v1', kind: 'CertificateRequest', metadata: { name } };
    await this.admin.must('PATCH', path, { ...object, status: { conditions: [condition] } }, apply);
  }

  /** Made and approved. Resolves with its UID. */
  async ask(name: string, spec: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const uid = await this.make(name, spec);
    await this.decide(name);
    return uid;
  }

  get(name: string): Promise<unknown> {
    return this.admin.get(this.pathOf(name));
  }

  /** Resolves with it once it has an end, or Ready says `reason`. */
  async ended(name: string, reason?: string): Promise<unknown> {
    return await vi.waitUntil(async () => {
      const found = await this.get(name);
      const said = String(conditionOf(found, 'Ready')?.reason);
      return (reason === undefined ? ends.includes(said) : said === reason) && found;
    }, patiently);
  }

  /** PEM chain of one that is issued. */
  async chainOf(name: string): Promise<string> {
    return textIn(await this.ended(name, 'Issued'), 'status', 'certificate');
  }
}
