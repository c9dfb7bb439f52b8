import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binary } from './binary.ts';
import { at, TestClient } from './client.ts';
import { ControlPlane, type ControlPlaneFacts } from './control-plane.ts';
import { ClusterCa, type KeyPair } from './credentials.ts';
import { freePort, Program } from './program.ts';
import { TokenKey } from './token-key.ts';
import { Watchdog } from './watchdog.ts';

export interface ClusterOptions {
  /** `iss` of its service-account tokens. */
  readonly issuer?: string;
  readonly tokenAlgorithm?: 'RS256' | 'ES256';
  /** Further flags of kube-apiserver; the last of two that are the same wins. */
  readonly flags?: readonly string[];
}

/** ms until each program answers: seconds on an idle machine, far more on a loaded one. */
const readyWithinMs = 90_000;
/** Another process may take a port between our look at it and its use. */
const attempts = 3;

/** ClusterTrustBundle and PodCertificateRequest are beta in 1.36, and off unless asked for. */
const betaApis = [
  '--feature-gates=ClusterTrustBundle=true,ClusterTrustBundleProjection=true,PodCertificateRequest=true',
  '--runtime-config=certificates.k8s.io/v1beta1=true',
];

/** What one cluster keeps in its folder. */
interface Kept {
  readonly folder: string;
  readonly watchdog: Watchdog;
  readonly ca: ClusterCa;
  readonly etcdPort: number;
  readonly flags: readonly string[];
}

/** A control plane of one's own, to pause, stop and start; `sharedControlPlane` is the one for tests that only use it. */
export class Cluster extends ControlPlane implements AsyncDisposable {
  readonly #kept: Kept;
  readonly #etcd: Program;
  #apiServer: Program;

  private constructor(facts: ControlPlaneFacts, kept: Kept, etcd: Program, apiServer: Program) {
    super(facts);
    this.#kept = kept;
    this.#etcd = etcd;
    this.#apiServer = apiServer;
  }

  /** Resolves once it is ready: some five seconds. */
  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await Cluster.#attempt(options);
      } catch (thrown) {
        if (attempt === attempts || !/address already in use/.test(String(thrown))) throw thrown;
      }
    }
  }

  static async #attempt(options: ClusterOptions): Promise<Cluster> {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-cluster-'));
    const watchdog = new Watchdog(folder);
    const programs: Program[] = [];
    try {
      const ca = await ClusterCa.create();
      const { etcd, port: etcdPort } = await startEtcd(folder, watchdog, (program) => programs.push(program));
      const facts: ControlPlaneFacts = {
        access: {
          url: `https://127.0.0.1:${await freePort()}`,
          ca: ca.certificate,
          token: randomBytes(16).toString('hex'),
        },
        issuer: options.issuer ?? 'https://kubernetes.default.svc.cluster.local',
        tokenKey: TokenKey.generate(options.tokenAlgorithm).privatePem,
      };
      const kept: Kept = { folder, watchdog, ca, etcdPort, flags: options.flags ?? [] };
      await writeFiles(facts, kept);
      const apiServer = launchApiServer(facts, kept, []);
      programs.push(apiServer);
      await apiServerReady(apiServer, facts);
      return new Cluster(facts, kept, etcd, apiServer);
    } catch (thrown) {
      await Promise.all(programs.map((program) => program.kill()));
      await watchdog.release();
      throw thrown;
    }
  }

  /** A certificate that its API server takes for `user` in `groups`. */
  clientCertificate(user: string, groups: readonly string[] = []): Promise<KeyPair> {
    return this.#kept.ca.client(user, groups);
  }

  /** Once it resolves, connections are still accepted by the kernel, and nothing is answered. */
  pause(): Promise<void> {
    return this.#apiServer.pause();
  }

  resume(): void {
    this.#apiServer.resume();
  }

  /** The API server is gone: connections are refused. What it stored stays in etcd. */
  down(): Promise<void> {
    return this.#apiServer.kill();
  }

  /** Back on the same port with what it had stored; `flags` come on top of those it was started with. */
  async up(flags: readonly string[] = []): Promise<void> {
    this.#apiServer = launchApiServer(this.facts, this.#kept, flags);
    await apiServerReady(this.#apiServer, this.facts);
  }

  /**
   * Down, and up again with `key` as the one that signs. Those named in `alsoAccepted` stay good for tokens they signed and
   * stay in the JWKS; `tokenKey` goes on naming the first.
   */
  async rotateTokenKey(key: TokenKey, alsoAccepted: readonly TokenKey[]): Promise<void> {
    const { folder } = this.#kept;
    const named = [key, ...alsoAccepted].map((each) => {
      const file = join(folder, `token-${each.kid}.pub`);
      writeFileSync(file, each.publicPem);
      return `--service-account-key-file=${file}`;
    });
    const signing = join(folder, `token-${key.kid}.key`);
    writeFileSync(signing, key.privatePem, { mode: 0o600 });
    await this.down();
    await this.up([`--service-account-signing-key-file=${signing}`, ...named]);
  }

  /** What etcd remembers of the past goes: a list that is continued from before is answered 410. */
  async forget(): Promise<void> {
    const etcd = async (call: string, body: unknown): Promise<unknown> => {
      const url = `http://127.0.0.1:${this.#kept.etcdPort}/v3/kv/${call}`;
      const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
      if (!response.ok) throw new Error(`etcd ${call}: ${response.status} ${await response.text()}`);
      return response.json();
    };
    const now = await etcd('range', { key: Buffer.from('none').toString('base64') });
    await etcd('compaction', { revision: at(now, 'header', 'revision'), physical: true });
  }

  /** Of etcd and kube-apiserver. */
  get pids(): readonly number[] {
    return [this.#etcd.pid, this.#apiServer.pid];
  }

  async stop(): Promise<void> {
    this.admin.close();
    // Killed, not asked: nothing of it is wanted any more, and its graceful end takes seconds.
    await Promise.all([this.#apiServer.kill(), this.#etcd.kill()]);
    await this.#kept.watchdog.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

async function startEtcd(folder: string, watchdog: Watchdog, started: (program: Program) => void) {
  const port = await freePort();
  const client = `http://127.0.0.1:${port}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  const words = {
    name: 'test',
    'data-dir': join(folder, 'etcd'),
    'listen-client-urls': client,
    'advertise-client-urls': client,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `test=${peer}`,
    'unsafe-no-fsync': 'true',
    'log-level': 'warn',
  };
  const etcd = new Program(binary('etcd'), flagsOf(words), join(folder, 'etcd.log'));
  watchdog.guard(etcd.pid);
  started(etcd);
  await etcd.ready(async () => (await fetch(`${client}/health`)).ok, readyWithinMs);
  return { etcd, port };
}

async function writeFiles(facts: ControlPlaneFacts, { folder, ca }: Kept): Promise<void> {
  const serving = await ca.serving();
  const key = new TokenKey(facts.tokenKey);
  const files = {
    'ca.crt': ca.certificate,
    'serving.crt': serving.certificate,
    'serving.key': serving.key,
    'token.key': key.privatePem,
    'token.pub': key.publicPem,
    'tokens.csv': `${facts.access.token},admin,admin,"system:masters"\n`,
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content, { mode: 0o600 });
}

function launchApiServer(facts: ControlPlaneFacts, kept: Kept, flags: readonly string[]): Program {
  const { folder, etcdPort, watchdog } = kept;
  const words = {
    'etcd-servers': `http://127.0.0.1:${etcdPort}`,
    'bind-address': '127.0.0.1',
    'secure-port': new URL(facts.access.url).port,
    'tls-cert-file': join(folder, 'serving.crt'),
    'tls-private-key-file': join(folder, 'serving.key'),
    'client-ca-file': join(folder, 'ca.crt'),
    'token-auth-file': join(folder, 'tokens.csv'),
    'authorization-mode': 'Node,RBAC',
    'enable-admission-plugins': 'NodeRestriction',
    'service-account-issuer': facts.issuer,
    'service-account-signing-key-file': join(folder, 'token.key'),
    'service-cluster-ip-range': '10.0.0.0/24',
    // There is no address that pods could reach it by.
    'endpoint-reconciler-type': 'none',
    v: '1',
  };
  const all = [...flagsOf(words), ...betaApis, ...kept.flags, ...flags];
  // A list flag adds up: the first key is named only where no others are.
  if (!all.some((flag) => flag.startsWith('--service-account-key-file=')))
    all.push(`--service-account-key-file=${join(folder, 'token.pub')}`);
  const program = new Program(binary('kube-apiserver'), all, join(folder, 'kube-apiserver.log'));
  watchdog.guard(program.pid);
  return program;
}

async function apiServerReady(program: Program, facts: ControlPlaneFacts): Promise<void> {
  const client = new TestClient(facts.access);
  try {
    await program.ready(async () => (await client.ask('GET', '/readyz')).status === 200, readyWithinMs);
  } catch (thrown) {
    await program.kill();
    throw thrown;
  } finally {
    client.close();
  }
}

const flagsOf = (words: Readonly<Record<string, string>>) =>
  Object.entries(words).map(([name, value]) => `--${name}=${value}`);
