import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RootsKnown } from '#authority/root-overlap.ts';
import { writeDurably } from '#keys/durable-file.ts';

/** What is kept is bounded far below; a file of more is none of ours. */
const mostRoots = 1_024;

/** Beside the log, so that a root that left the files while no server ran, or shortly before, is kept as long as any other. */
export class RootsKnownFile {
  readonly #path: string;
  #written = '';

  constructor(directory: string) {
    this.#path = join(directory, 'trust-bundle.json');
  }

  /** A file that is missing or damaged costs the overlap of what left before this start, and nothing else. */
  async read(): Promise<RootsKnown> {
    const text = await readFile(this.#path, 'utf8').catch(() => '');
    const known = readKnown(text);
    if (known !== undefined) this.#written = text;
    return known ?? { own: [], retired: [] };
  }

  async write(known: RootsKnown): Promise<void> {
    const text = `${JSON.stringify(known)}\n`;
    if (text === this.#written) return;
    await writeDurably(this.#path, text);
    this.#written = text;
  }
}

function readKnown(text: string): RootsKnown | undefined {
  try {
    const { own, retired }: Partial<Record<string, unknown>> = Object(JSON.parse(text));
    if (!Array.isArray(own) || !Array.isArray(retired) || own.length + retired.length > mostRoots) return undefined;
    return { own: own.filter(isRoot), retired: retired.filter(isRetired) };
  } catch {
    return undefined;
  }
}

const isRoot = (value: unknown): value is string =>
  typeof value === 'string' &&
  /^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n$/.test(value);

function isRetired(value: unknown): value is RootsKnown['retired'][number] {
  const { root, leftAt }: Partial<Record<string, unknown>> = Object(value);
  return isRoot(root) && typeof leftAt === 'number' && Number.isFinite(leftAt);
}
