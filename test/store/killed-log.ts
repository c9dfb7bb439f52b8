import type { ChildProcess } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { decodeEntry } from '#audit/entry.ts';
import { verifyDirectory } from '#audit/verify.ts';
import { formatVkey } from '#audit/vkey.ts';
import { openLog } from '#store/sqlite/open-log.ts';
import { verifyStore } from '#store/sqlite/verify.ts';
import { type Ended, runLoad } from './load-process.ts';

const origin = 'log.example.com/killed';

/** A log in a directory of its own, written by processes that are killed. */
export class KilledLog {
  readonly home = mkdtempSync(join(tmpdir(), 'countersign-killed-'));
  readonly #key: KeyObject;
  readonly #keyFile = join(this.home, 'key.pem');
  #ids = 0;

  constructor() {
    const { privateKey } = generateKeyPairSync('ed25519');
    this.#key = privateKey;
    writeFileSync(this.#keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }

  get options() {
    return {
      directory: join(this.home, 'store'),
      publicDirectory: join(this.home, 'public'),
      guard: join(this.home, 'guard', 'checkpoint'),
      signer: softwareCheckpointSigner(this.#key, origin),
      clock: { now: () => Date.now() },
    };
  }

  get vkey(): string {
    return formatVkey(origin, createPublicKey(this.#key));
  }

  /** Runs a process under load until it ends; `onLine` may end it. */
  run(
    environment: Readonly<Record<string, string>>,
    onLine: (line: string, child: ChildProcess) => void = () => {},
    command: readonly string[] = [process.execPath],
  ): Promise<Ended> {
    this.#ids += 1_000_000;
    return runLoad([this.home, this.#keyFile, '8', String(this.#ids)], { environment, onLine, command });
  }

  /**
   * Opens the log again, publishes, and checks all of it; gives the ids by index. Throws when the store or the published
   * directory does not verify.
   */
  async recovered(): Promise<string[]> {
    const log = await openLog(this.options);
    await log.publish();
    const ids: string[] = [];
    while (ids.length < log.size) {
      for (const entry of await log.entries(ids.length, log.size)) ids.push(decodeEntry(entry).id);
    }
    await log.close();
    const [stored, published] = [
      await verifyStore(join(this.options.directory, 'log.db')),
      await verifyDirectory(this.options.publicDirectory, this.vkey),
    ];
    if (stored.size !== ids.length || published.size !== ids.length) throw new Error('sizes differ');
    return ids;
  }

  destroy(): void {
    rmSync(this.home, { recursive: true });
  }
}
