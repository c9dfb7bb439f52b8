import { generateKeyPairSync, randomBytes } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../failure.ts';

/** Octets that a log in memory may come to before another takes its place: a container has 64 MiB there unless told. */
const mostOctets = 40 * 1024 ** 2;
/** Octets that have to be free: for the last records of a log, and the next one's first. */
const leastFree = 12 * 1024 ** 2;
const lookEveryMs = 1_000;

export interface LogPlace {
  readonly directory: string;
  /** It goes with the pod, and has room for so much. */
  readonly passes: boolean;
  /** The section `audit` of a configuration. */
  readonly audit: Readonly<Record<string, unknown>>;
}

/**
 * Where the log goes when nobody said: the home, where that is there and can be written to; else memory that every
 * container has, kept as long as the pod lives. So little fits there that another log begins now and then; what is taken
 * away has been on standard output, record by record.
 */
export class UnconfiguredLog {
  readonly #home: string;
  readonly #name: string;
  readonly #memory: string;

  /** `name` tells servers of one machine apart. */
  constructor(home: string, name: string, memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()) {
    this.#home = home;
    this.#name = name;
    this.#memory = memory;
  }

  /** Makes folder, key and name of the log unless they are there from before; one that is full is taken away first. */
  prepare(): LogPlace {
    const passes = !isWritable(this.#home);
    const directory = passes ? join(this.#memory, this.#name) : join(this.#home, 'audit');
    if (passes && isFull(directory)) rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (passes) demandOwn(directory);
    const key = join(directory, 'log.key');
    writeUnlessThere(key, () =>
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    );
    const origin = join(directory, 'log.origin');
    writeUnlessThere(origin, () => `istio-csr/${hostname()}/${randomBytes(4).toString('hex')}\n`);
    const audit = {
      directory,
      origin: readFileSync(origin, 'utf8').trim(),
      key: { file: { path: key } },
      publish: join(directory, 'log'),
      ...(passes && { lifetime: 'passing', copyTo: 'stdout' }),
    };
    return { directory, passes, audit };
  }

  /** Resolves when another log has to begin; never for one that lasts, and not after `signal`. */
  full({ directory, passes }: LogPlace, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (!passes) return;
      const timer = setInterval(() => {
        if (isFull(directory)) resolve();
      }, lookEveryMs).unref();
      signal.addEventListener('abort', () => clearInterval(timer), { once: true });
    });
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return statSync(folder).isDirectory();
  } catch {
    return false;
  }
}

function isFull(folder: string): boolean {
  if (!existsSync(folder)) return false;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize < leastFree || sizeOf(folder) > mostOctets;
}

/** Files come and go meanwhile. */
function sizeOf(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => {
      return sum + (statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0);
    }, 0);
}

/** Others may write there too: what somebody else made is not taken for ours. */
function demandOwn(folder: string): void {
  const { uid, mode } = statSync(folder);
  if (uid === process.getuid?.() && (mode & 0o077) === 0) return;
  throw new Failure('input', `${folder} belongs to somebody else`, 'mount a volume as the home, for the log to last');
}

/** A crash in between leaves an empty file, which the next start refuses by name. */
function writeUnlessThere(file: string, content: () => string): void {
  if (!existsSync(file)) writeFileSync(file, content(), { mode: 0o600, flag: 'wx' });
}
