import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments, stringify } from 'yaml';
import { oracle, repository } from '#test/oracles.ts';
import { at } from '#test/support/control-plane/client.ts';

export const chart = join(repository, 'charts', 'countersign');

/** An object of Kubernetes, as it was rendered. */
export type Manifest = Readonly<Record<string, unknown>>;

export type Values = Readonly<Record<string, unknown>>;

export interface ReleaseOptions {
  readonly release?: string;
  readonly namespace?: string;
}

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'countersign-helm-'));
let files = 0;

/** What the real helm prints; rejects with what it complains of. */
export async function helm(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const found = oracle('set:helm');
  if (!found.available) throw new Error(`there is no helm: ${found.how}`);
  const { stdout } = await run(join(found.path, 'helm'), words, {
    maxBuffer: 16 * 1024 * 1024,
    // Nothing of whoever runs the tests: no plugins, no repositories, no cluster.
    env: { PATH: process.env.PATH, HOME: folder, ...env },
  });
  return stdout;
}

/** The file that these values are in. */
function valuesFile(values: Values): string {
  files += 1;
  const file = join(folder, `values-${files}.yaml`);
  writeFileSync(file, stringify(values, { aliasDuplicateObjects: false }));
  return file;
}

/** All that `helm template` makes of these values; of several the later are laid over the earlier. */
export async function render(
  values: Values | readonly Values[] = {},
  options: ReleaseOptions = {},
): Promise<readonly Manifest[]> {
  const { release = 'countersign', namespace = 'cert-manager' } = options;
  return manifestsIn(await helm(['template', release, chart, '--namespace', namespace, ...valueWords(values)]));
}

export const valueWords = (values: Values | readonly Values[]) =>
  [values].flat().flatMap((each) => ['--values', valuesFile(each)]);

export function manifestsIn(text: string): readonly Manifest[] {
  return parseAllDocuments(text, { uniqueKeys: true, version: '1.1' }).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const value: unknown = document.toJS();
    return isManifest(value) ? [value] : [];
  });
}

const isManifest = (value: unknown): value is Manifest => typeof value === 'object' && value !== null;

/** What helm says where it refuses; fails where it does not. */
export async function refusal(values: Values | readonly Values[]): Promise<string> {
  try {
    await render(values);
  } catch (thrown) {
    return at(thrown, 'stderr') === undefined ? String(thrown) : String(at(thrown, 'stderr'));
  }
  throw new Error('it was rendered');
}

export const kindOf = (manifest: Manifest) => String(manifest.kind);
export const nameOf = (manifest: Manifest) => String(at(manifest, 'metadata', 'name'));

/** The one of that kind, or of that kind and name. */
export function one(manifests: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = manifests.filter((each) => kindOf(each) === kind && (name === undefined || nameOf(each) === name));
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${found.length} of ${kind} ${name ?? ''}`);
  return first;
}

export const ofKind = (manifests: readonly Manifest[], kind: string) =>
  manifests.filter((each) => kindOf(each) === kind);
