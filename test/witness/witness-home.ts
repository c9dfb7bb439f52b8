import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type CosigningKind, cosigner } from '#audit/cosignature.ts';
import { loadWitnessConfig } from '#config/load-witness.ts';
import { openWitness, type RunningWitness } from '#server/witness.ts';
import { Logger } from '#telemetry/log/logger.ts';

const silent = new Logger({ write: () => {} }, () => '', 'error', { now: () => 0 });

/** A witness's folder: its keys and its configuration, on a port that the system chooses. */
export class WitnessHome implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'countersign-witness-'));
  readonly vkeys: readonly string[];

  constructor(
    logs: readonly string[],
    { name = 'witness.test/w', kinds = ['ed25519', 'ml-dsa-44'] }: { name?: string; kinds?: CosigningKind[] } = {},
    more: Readonly<Record<string, unknown>> = {},
  ) {
    this.vkeys = kinds.map((kind) => {
      const { privateKey } = kind === 'ed25519' ? generateKeyPairSync(kind) : generateKeyPairSync(kind);
      writeFileSync(this.path(`${kind}.key`), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
      return cosigner(name, privateKey).vkey;
    });
    const keys = kinds.map((kind) => `${kind}.key`);
    const config = { apiVersion: 'countersign.dev/v1', kind: 'WitnessConfig', name, keys, logs, directory: 'seen' };
    writeFileSync(this.file, stringify({ ...config, listen: '127.0.0.1:0', perSecond: 1_000, ...more }));
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  get file(): string {
    return this.path('witness.yaml');
  }

  /** The witness in this process. */
  open(clock = { now: () => Date.now() }, port = 0): Promise<RunningWitness> {
    const { witness } = loadWitnessConfig(this.file);
    return openWitness({ ...witness, listen: { ...witness.listen, port } }, { clock, logger: silent });
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export interface Answered {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export const urlOf = ({ listening: { host, port } }: RunningWitness) => `http://${host}:${port}/`;

export async function ask(url: string, body: string | undefined, path = 'add-checkpoint'): Promise<Answered> {
  const response = await fetch(url + path, body === undefined ? {} : { method: 'POST', body });
  return { status: response.status, type: response.headers.get('content-type') ?? '', body: await response.text() };
}
