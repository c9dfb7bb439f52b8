import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where everything of one CA lives; the layout that the quickstart makes and every command reads. */
export class Home {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = resolve(directory);
  }

  get config(): string {
    return join(this.directory, 'countersign.yaml');
  }
  get policies(): string {
    return join(this.directory, 'policies');
  }
  get issuers(): string {
    return join(this.directory, 'issuers');
  }
  /** The embedded store and what the server keeps beside it. */
  get audit(): string {
    return join(this.directory, 'audit');
  }
  /** The published log: checkpoint, tiles, entries. */
  get log(): string {
    return join(this.audit, 'log');
  }
  /** The log's public key as a vkey line (C2SP signed-note). */
  get logKey(): string {
    return join(this.audit, 'log.vkey');
  }
  get roots(): string {
    return join(this.directory, 'roots.pem');
  }
  /** Shell-readable `NAME=value` lines that say where the running server is. */
  get env(): string {
    return join(this.directory, 'env');
  }

  /** The names that `env` sets; empty when there is no such file. */
  readEnv(): ReadonlyMap<string, string> {
    return existsSync(this.env) ? parseEnv(readFileSync(this.env, 'utf8')) : new Map();
  }
}

/** Used when neither --home nor COUNTERSIGN_HOME says anything; relative to the working folder. */
const defaultHome = '.countersign';

export function openHome(option: string | undefined, env: NodeJS.ProcessEnv): Home {
  return new Home(option ?? (env.COUNTERSIGN_HOME || defaultHome));
}

/** `NAME=value` and `export NAME='value'` lines, as a POSIX shell would read them, without expansion. */
function parseEnv(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line.trim());
    if (match?.[1] === undefined || match[2] === undefined) continue;
    values.set(match[1], match[2].replace(/^(['"])(.*)\1$/, '$2'));
  }
  return values;
}
