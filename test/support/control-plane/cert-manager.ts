import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { parse } from 'yaml';
import { installKinds as installDefinitions } from '#test/charts/apply.ts';
import { oracle, repository } from '#test/oracles.ts';
import { type TestAuthority, testAuthority } from '#test/support/software-ca.ts';
import { at, type TestClient } from './client.ts';
import type { ControlPlane } from './control-plane.ts';
import { Program } from './program.ts';
import { Watchdog } from './watchdog.ts';

export const certManagerApi = '/apis/cert-manager.io/v1';
const patiently = { timeout: 60_000, interval: 50 };

/**
 * cert-manager's kinds, from the module that its controllers were compiled from; `alter` makes of a definition what an older
 * one says. More than one test may ask for them.
 */
export async function installKinds(
  admin: TestClient,
  alter = (definition: unknown): unknown => definition,
): Promise<void> {
  const module = join(repository, 'test/go/cert-manager');
  const words = ['mod', 'download', '-json', 'github.com/cert-manager/cert-manager'];
  const found: unknown = JSON.parse(execFileSync('go', words, { cwd: module, encoding: 'utf8' }));
  const folder = join(String(at(found, 'Dir')), 'deploy/crds');
  const kinds = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  await installDefinitions(
    admin,
    kinds.map((name) => alter(parse(readFileSync(join(folder, name), 'utf8')))),
  );
}

/** cert-manager's own controllers of Issuers, Certificates and requests, looking after one namespace. */
export class CertManager implements AsyncDisposable {
  readonly namespace: string;
  readonly #admin: TestClient;
  readonly #program: Program;
  readonly #watchdog: Watchdog;

  private constructor(admin: TestClient, namespace: string, program: Program, watchdog: Watchdog) {
    this.#admin = admin;
    this.namespace = namespace;
    this.#program = program;
    this.#watchdog = watchdog;
  }

  static async start({ admin, kubeconfig }: ControlPlane, namespace: string): Promise<CertManager> {
    const found = oracle('set:cert-manager');
    if (!found.available) throw new Error(`there is no cert-manager: ${found.how}`);
    await installKinds(admin);
    const folder = mkdtempSync(join(tmpdir(), 'countersign-cert-manager-'));
    const watchdog = new Watchdog(folder);
    const file = join(folder, 'kubeconfig');
    writeFileSync(file, kubeconfig, { mode: 0o600 });
    const words = ['--kubeconfig', file, '--namespace', namespace];
    const program = new Program(join(found.path, 'controllers'), words, join(folder, 'log'));
    watchdog.guard(program.pid);
    return new CertManager(admin, namespace, program, watchdog);
  }

  /** An issuer with a CA of its own in a Secret; resolves once it is ready. */
  async ca(
    name: string,
    authority = testAuthority({ commonName: `Test ${name}` }),
    above = '',
  ): Promise<TestAuthority> {
    const data = { 'tls.crt': authority.pem + above, 'tls.key': authority.keyPem };
    const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
    await this.#admin.create(`/api/v1/namespaces/${this.namespace}/secrets`, {
      metadata: { name },
      type: 'kubernetes.io/tls',
      data: Object.fromEntries(encoded),
    });
    await this.#issuer(name, { ca: { secretName: name } });
    return authority;
  }

  async #issuer(name: string, spec: unknown): Promise<void> {
    const path = `${certManagerApi}/namespaces/${this.namespace}/issuers`;
    await this.#admin.create(path, { apiVersion: 'cert-manager.io/v1', kind: 'Issuer', metadata: { name }, spec });
    await vi.waitFor(async () => {
      if (!this.#program.alive) throw new Error("cert-manager's controllers ended");
      const conditions = at(await this.#admin.get(`${path}/${name}`), 'status', 'conditions');
      if (!Array.isArray(conditions) || !conditions.some(isReady))
        throw new Error(`${name} is not ready: ${JSON.stringify(conditions)}`);
    }, patiently);
  }

  /** An issuer of a kind that cert-manager does not know: it denies CA certificates, and has leaves signed by a CA issuer. */
  async leavesOnly(name: string): Promise<LeavesOnly> {
    return LeavesOnly.start(this.#admin, this.namespace, name, await this.ca(name));
  }

  /** CertificateRequests of ours that are there. */
  async requests(): Promise<readonly unknown[]> {
    const items = at(await this.#admin.get(`${requestsIn(this.namespace)}?labelSelector=${ourLabel}`), 'items');
    if (!Array.isArray(items)) throw new Error('no list');
    return items;
  }

  pause(): Promise<void> {
    return this.#program.pause();
  }

  resume(): void {
    this.#program.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.kill();
    await this.#watchdog.release();
  }
}

const requestsIn = (namespace: string) => `${certManagerApi}/namespaces/${namespace}/certificaterequests`;

const ourLabel = 'countersign.dev/requester';

/** Stands for an issuer that signs no CA, such as ACME or a SaaS. */
class LeavesOnly implements AsyncDisposable {
  readonly reference: { readonly name: string; readonly kind: string; readonly group: string };
  readonly root: TestAuthority;
  /** `spec` and annotations of what it signed. */
  readonly signed: { readonly spec: unknown; readonly annotations: unknown }[] = [];
  denied = 0;
  readonly #admin: TestClient;
  readonly #path: string;
  readonly #stop = new AbortController();
  #watching: Promise<void> | undefined;

  private constructor(admin: TestClient, namespace: string, name: string, root: TestAuthority) {
    this.reference = { name, kind: 'Any', group: 'ca.example.com' };
    this.root = root;
    this.#admin = admin;
    this.#path = requestsIn(namespace);
  }

  static async start(admin: TestClient, namespace: string, name: string, root: TestAuthority): Promise<LeavesOnly> {
    const issuer = new LeavesOnly(admin, namespace, name, root);
    issuer.#watching = issuer.#watch();
    return issuer;
  }

  async #watch(): Promise<void> {
    const seen = new Set<unknown>();
    while (!this.#stop.signal.aborted) {
      const items = at(await this.#admin.get(this.#path), 'items');
      for (const request of Array.isArray(items) ? items : []) {
        const uid = at(request, 'metadata', 'uid');
        const { name, group } = this.reference;
        const isOurs =
          at(request, 'spec', 'issuerRef', 'group') === group && at(request, 'spec', 'issuerRef', 'name') === name;
        if (!isOurs || seen.has(uid)) continue;
        seen.add(uid);
        await this.#answer(request);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async #answer(request: unknown): Promise<void> {
    const spec = at(request, 'spec');
    const isCa = at(spec, 'isCA') === true;
    if (isCa) this.denied += 1;
    else this.signed.push({ spec, annotations: at(request, 'metadata', 'annotations') });
    const status = isCa
      ? { conditions: [{ type: 'Denied', status: 'True', reason: 'Policy', message: 'no CA here' }] }
      : { certificate: await this.#sign(spec), ca: Buffer.from(this.root.pem).toString('base64') };
    // Whoever asked may be gone meanwhile, and the request with it.
    await this.#admin.ask('PATCH', `${this.#path}/${String(at(request, 'metadata', 'name'))}/status`, {
      body: { status },
      contentType: 'application/merge-patch+json',
    });
  }

  async #sign(spec: unknown): Promise<unknown> {
    const issuerRef = { name: this.reference.name, kind: 'Issuer', group: 'cert-manager.io' };
    const made = await this.#admin.create(this.#path, {
      apiVersion: 'cert-manager.io/v1',
      kind: 'CertificateRequest',
      metadata: { generateName: 'signed-' },
      spec: { ...Object(spec), issuerRef },
    });
    const own = `${this.#path}/${String(at(made, 'metadata', 'name'))}`;
    const certificate = await vi.waitFor(async () => {
      const text = at(await this.#admin.get(own), 'status', 'certificate');
      if (text === undefined) throw new Error('not signed yet');
      return text;
    }, patiently);
    await this.#admin.delete(own);
    return certificate;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }
}

const isReady = (condition: unknown) => at(condition, 'type') === 'Ready' && at(condition, 'status') === 'True';
