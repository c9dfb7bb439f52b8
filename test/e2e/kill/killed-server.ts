import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { verifyDirectory } from '#audit/verify.ts';
import { formatVkey } from '#audit/vkey.ts';
import { logDatabase } from '#store/sqlite/open-log.ts';
import { verifyStore } from '#store/sqlite/verify.ts';
import { TestHome } from '#test/support/home.ts';
import { type LogRecord, recordsOf } from '#test/support/records.ts';
import { NotStarted, ServerProcess } from '#test/support/server-process.ts';
import { runLoad } from './load.ts';

/** When a server dies: at the n-th pass of a fault point, or after so many certificates and a little more. */
export type Death =
  | { readonly at: 'point'; readonly point: string; readonly pass: number }
  | { readonly at: 'random'; readonly certificates: number; readonly thenMs: number };

export interface Round {
  readonly death: Death;
  /** False where a fault point was never passed often enough, and we ended it instead. */
  readonly hit: boolean;
  readonly answered: number;
  readonly held: number;
}

/** Longest that a server may live without meeting its fault point, ms. */
const patience = 8_000;

/** One home whose server is killed again and again; what clients hold is reconciled with what its store says. */
export class KilledServer implements Disposable {
  readonly #home = new TestHome({ config: { telemetry: { logs: { level: 'warn', format: 'json' } } } });
  readonly #held = new Set<string>();
  readonly #vkey: string;
  readonly #cache: string;

  /** `cache`: a folder where Node keeps compiled sources between starts. */
  constructor(cache: string) {
    this.#cache = cache;
    this.#vkey = formatVkey('log.test/mesh', createPublicKey(createPrivateKey(this.#home.logKeyPem)));
  }

  /** Starts, loads, kills, reconciles. Throws Error when anything does not add up. */
  async round(death: Death): Promise<Round> {
    const before = this.#held.size;
    const { hit, answered } = await this.#live(death);
    await this.#reconcile();
    return { death, hit, answered, held: this.#held.size - before };
  }

  /** A start and a regular stop after all: everything is published then. Gives the number of records. */
  async finish(): Promise<number> {
    const server = await ServerProcess.start(this.#home, { env: this.#env });
    const { code } = await server.stop();
    if (code !== 0) throw new Error(`a regular stop ended with ${code}:\n${server.stderr}`);
    const records = await this.#reconcile();
    const { size } = await verifyDirectory(this.#home.published, this.#vkey);
    if (size !== records) throw new Error(`${records} records and ${size} published`);
    return records;
  }

  [Symbol.dispose](): void {
    this.#home[Symbol.dispose]();
  }

  get #env(): Record<string, string> {
    return { NODE_COMPILE_CACHE: this.#cache };
  }

  async #live(death: Death): Promise<{ hit: boolean; answered: number }> {
    const faults =
      death.at === 'point' ? { COUNTERSIGN_FAULTS: '1', COUNTERSIGN_FAULT: `${death.point}:${death.pass}` } : {};
    const server = await ServerProcess.start(this.#home, { env: { ...this.#env, ...faults } }).catch(diedEarly);
    if (server === 'died early') return { hit: true, answered: 0 };
    await using _ = server;
    let hit = true;
    let certificates = 0;
    const giveUp = setTimeout(() => {
      hit = death.at === 'random';
      void server.kill();
    }, patience);
    const received = (sha256: string) => {
      this.#held.add(sha256);
      certificates++;
      if (death.at === 'random' && certificates === death.certificates) setTimeout(() => server.kill(), death.thenMs);
    };
    const load = runLoad({ port: server.istio.port, home: this.#home, connections: 4, inFlight: 8, received });
    const { signal } = await server.ended;
    clearTimeout(giveUp);
    if (signal !== 'SIGKILL') throw new Error(`the server ended by itself:\n${server.stderr}`);
    return { hit, answered: await load };
  }

  /** Looks at what the dead server left, with nobody to mend it. Gives the number of records. */
  async #reconcile(): Promise<number> {
    if (existsSync(`${this.#home.published}/checkpoint`)) await verifyDirectory(this.#home.published, this.#vkey);
    const records = recordsOf(this.#home);
    const { size } = await verifyStore(logDatabase(this.#home.path('audit')));
    if (size !== records.length) throw new Error(`${records.length} records in a tree of ${size}`);
    const logged = certificatesIn(records);
    for (const sha256 of this.#held) {
      if (!logged.has(sha256)) throw new Error(`a client holds a certificate that the log does not: ${sha256}`);
    }
    return records.length;
  }
}

/** SHA-256 of each certificate on the record. Throws where indexes have gaps, or a serial or certificate comes twice. */
function certificatesIn(records: readonly LogRecord[]): Set<string> {
  const serials = new Set<string>();
  const certificates = new Set<string>();
  for (const [at, { seq, type, certificate, certificateDer }] of records.entries()) {
    if (seq !== at) throw new Error(`entry ${at} says seq ${seq}`);
    if (type !== 'certificate.issued') continue;
    const { serial, sha256 } = namesOf(certificate);
    if (
      sha256 !==
      createHash('sha256')
        .update(Buffer.from(String(certificateDer), 'base64'))
        .digest('hex')
    )
      throw new Error(`entry ${at}: certificateDer is not the certificate of its sha256`);
    if (serials.has(serial) || certificates.has(sha256)) throw new Error(`entry ${at}: serial ${serial} came before`);
    serials.add(serial);
    certificates.add(sha256);
  }
  return certificates;
}

function namesOf(certificate: unknown): { serial: string; sha256: string } {
  if (typeof certificate !== 'object' || certificate === null) throw new Error('a record without its certificate');
  if (!('serial' in certificate) || !('sha256' in certificate)) throw new Error('a certificate without its names');
  return { serial: String(certificate.serial), sha256: String(certificate.sha256) };
}

function diedEarly(thrown: unknown): 'died early' {
  if (thrown instanceof NotStarted && thrown.ended.signal === 'SIGKILL') return 'died early';
  throw thrown;
}
