import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Json } from '#audit/event.ts';
import { openDocument } from '#document/document.ts';
import { DocumentError, type Problem } from '#document/problem.ts';
import { canonicalConfig } from './canonical.ts';
import { checkMeaning } from './check.ts';
import { asWritten, fill } from './fill.ts';
import { resolveConfig } from './resolve.ts';
import { ServerConfigSchema } from './schema/server-config.ts';
import type { ServerConfig } from './server-config.ts';

export interface LoadedConfig {
  readonly file: string;
  /** SHA-256, hex, of the file's bytes. */
  readonly sha256: string;
  readonly config: ServerConfig;
  /** The whole configuration with its defaults, for the record `config.loaded`: where secrets are, never a secret. */
  readonly record: Json;
}

const written = asWritten(ServerConfigSchema);

/** Reads and checks a server's configuration. Throws DocumentError with every problem found. */
export function loadConfig(file: string): LoadedConfig {
  const absolute = resolve(file);
  const bytes = read(absolute, file);
  return { ...parseConfig(bytes.toString('utf8'), absolute, file), sha256: sha256(bytes) };
}

/** The same for a text at hand; `file` decides where relative paths start, `shownAs` stands in messages. */
export function parseConfig(text: string, file: string, shownAs = file): LoadedConfig {
  const document = openWritten(text, shownAs);
  const content = fill(ServerConfigSchema, document.content);
  const problems = checkMeaning(document, content, dirname(file));
  if (problems.length > 0) throw new DocumentError(problems);
  return {
    file,
    sha256: sha256(text),
    config: resolveConfig(content, dirname(file)),
    record: canonicalConfig(content),
  };
}

function openWritten(text: string, shownAs: string) {
  try {
    return openDocument(text, shownAs, written);
  } catch (thrown) {
    throw thrown instanceof DocumentError ? new DocumentError(thrown.problems.map(withoutSecret)) : thrown;
  }
}

/** Somebody who wrote the secret itself must not find it again in a message, which may end up in a log. */
function withoutSecret(problem: Problem): Problem {
  if (!/\.(pin|passphrase)$/.test(problem.path)) return problem;
  const { file, line, column, path } = problem;
  return {
    file,
    line,
    column,
    path,
    message: 'a secret does not stand in this file: write { file: PATH } or { env: NAME }',
  };
}

const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function read(file: string, shownAs: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    const why = code === 'ENOENT' ? 'there is no such file' : `it cannot be read (${code})`;
    throw new DocumentError([{ file: shownAs, line: 1, column: 1, path: '', message: why }], { cause });
  }
}
