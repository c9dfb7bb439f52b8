import { type ChildProcess, spawn } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { freePort } from '#test/support/control-plane/program.ts';

export interface PilotAgentOptions {
  /** Folder with pilot-agent. */
  readonly programs: string;
  /** Of the CA. */
  readonly port: number;
  /** PEM file of the roots that the CA must chain to. */
  readonly roots: string;
  readonly workload: { readonly namespace: string; readonly serviceAccount: string; readonly pod?: string };
  /** What the kubelet would mount; none on a virtual machine. */
  readonly token?: string;
  /** PROV_CERT: what somebody else provided, and the agent may renew from then on. */
  readonly provided?: { readonly chain: string; readonly key: string };
  /** On top of what the injector sets. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What the agent has written for others. */
export interface Outcome {
  /** PEM, leaf first, the root included. */
  readonly chain: string;
  readonly key: string;
  readonly roots: string;
}

/** The middle of the life is far away for a test: with this much of the life left before the end, it is seconds. */
export const eager = { SECRET_GRACE_PERIOD_RATIO: '0.99', SECRET_GRACE_PERIOD_RATIO_JITTER: '0', SECRET_TTL: '5m' };

const patiently = { timeout: 60_000, interval: 50 };
const files = { chain: 'cert-chain.pem', key: 'key.pem', roots: 'root-cert.pem' } as const;

/** Istio's own agent, as in a sidecar but for Envoy and istiod: it only gets and keeps a certificate. */
export class PilotAgent implements AsyncDisposable {
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #said = '';

  private constructor(folder: string, program: string, env: Readonly<Record<string, string>>) {
    this.#folder = folder;
    const words = ['proxy', 'sidecar', '--domain', 'demo.svc.cluster.local', '--log_output_level', 'cache:debug'];
    this.#child = spawn(program, words, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (part: Buffer) => (this.#said += part.toString()));
    }
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', resolve);
    });
    this.#ended.catch(() => {});
  }

  static async start(options: PilotAgentOptions): Promise<PilotAgent> {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-pilot-agent-'));
    const out = join(folder, 'out');
    for (const each of [out, join(folder, 'var/run/secrets/tokens')]) mkdirSync(each, { recursive: true });
    const { token, provided, roots } = options;
    if (token !== undefined) writeFileSync(join(folder, 'var/run/secrets/tokens/istio-token'), token, { mode: 0o600 });
    if (provided !== undefined) {
      writeFileSync(join(out, files.chain), provided.chain);
      writeFileSync(join(out, files.key), provided.key, { mode: 0o600 });
      copyFileSync(roots, join(out, files.roots));
    }
    const env = await environment(options, folder);
    return new PilotAgent(folder, join(options.programs, 'pilot-agent'), env);
  }

  /** All that it has said so far. */
  get said(): string {
    return this.#said;
  }

  /** What it holds once all of it is there. */
  async holds(): Promise<Outcome> {
    await this.#until(() => Object.values(files).every((name) => existsSync(join(this.#folder, 'out', name))));
    return this.#read();
  }

  /** What it holds once that is another certificate than `before`. */
  async renewed(before: Outcome): Promise<Outcome> {
    // The chain is written after the key.
    await this.#until(() => this.#read().chain !== before.chain);
    return this.#read();
  }

  /** Resolves once the roots that it tells others to trust are these. */
  async trusts(roots: string): Promise<void> {
    await this.#until(() => sameCertificates(this.#read().roots, roots));
  }

  /** What it said of this; resolves with the groups of the first match. */
  async hears(pattern: RegExp): Promise<readonly string[]> {
    await this.#until(() => pattern.test(this.#said));
    return pattern.exec(this.#said)?.slice(1) ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended.catch(() => {});
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #until(condition: () => boolean): Promise<void> {
    await vi.waitFor(() => {
      if (this.#child.exitCode !== null) throw new Error(`pilot-agent ended:\n${this.#said.slice(-4000)}`);
      expect(condition(), this.#said.slice(-4000)).toBe(true);
    }, patiently);
  }

  #read(): Outcome {
    const read = (name: string) => readFileSync(join(this.#folder, 'out', name), 'utf8');
    return { chain: read(files.chain), key: read(files.key), roots: read(files.roots) };
  }
}

/** What the injector and the pod's own fields would say. */
async function environment(options: PilotAgentOptions, folder: string): Promise<Record<string, string>> {
  const { workload, roots, port } = options;
  const proxy = { discoveryAddress: `127.0.0.1:${await freePort()}`, statusPort: await freePort() };
  return {
    HOME: folder,
    DISABLE_ENVOY: 'true',
    OUTPUT_CERTS: join(folder, 'out'),
    CA_ADDR: `127.0.0.1:${port}`,
    CA_ROOT_CA: roots,
    XDS_ROOT_CA: roots,
    POD_NAME: workload.pod ?? 'web-1',
    POD_NAMESPACE: workload.namespace,
    SERVICE_ACCOUNT: workload.serviceAccount,
    INSTANCE_IP: '127.0.0.1',
    TRUST_DOMAIN: 'cluster.local',
    ISTIO_META_CLUSTER_ID: 'Kubernetes',
    GRPC_XDS_BOOTSTRAP: join(folder, 'bootstrap.json'),
    PROXY_CONFIG: JSON.stringify(proxy),
    ...(options.provided && { PROV_CERT: join(folder, 'out') }),
    ...options.env,
  };
}

const blocks = (pem: string) => pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? [];
const certificates = (pem: string) => blocks(pem).map((block) => new X509Certificate(block));

function sameCertificates(one: string, other: string): boolean {
  const prints = (pem: string) =>
    certificates(pem)
      .map(({ fingerprint256 }) => fingerprint256)
      .toSorted();
  return prints(one).join() === prints(other).join();
}

/** As the judges want a chain: leaf and intermediates one by one, all roots last. The agent's file ends with the roots. */
export function judgedChain({ chain, roots }: Outcome): readonly string[] {
  const trusted = new Set(certificates(roots).map(({ fingerprint256 }) => fingerprint256));
  const sent = blocks(chain).filter((block) => !trusted.has(new X509Certificate(block).fingerprint256));
  return [...sent, roots];
}

/** The leaf, which must be that of the key. */
export function leafOf({ chain, key }: Outcome): X509Certificate {
  const leaf = new X509Certificate(blocks(chain)[0] ?? '');
  if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new Error('the leaf is for another key');
  return leaf;
}
