import { open } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { notFound } from '../http/answer.ts';
import { type LogFile, logFile } from './log-path.ts';

/** A full tile never changes; a partial one neither, but it may give way to the full one. */
const cacheFor: Readonly<Record<LogFile['kind'], string>> = {
  checkpoint: 'no-cache',
  partial: 'public, max-age=300',
  full: 'public, max-age=31536000, immutable',
};

/** One file of the published log; `path` is what follows `/log/`. */
export async function sendLogFile(
  response: ServerResponse,
  published: string,
  path: string,
  withBody: boolean,
): Promise<void> {
  const wanted = logFile(path);
  if (wanted === undefined) return notFound(response);
  const file = await open(join(published, wanted.path)).catch(missing);
  if (file === undefined) return notFound(response);
  try {
    const facts = await file.stat();
    if (!facts.isFile()) return notFound(response);
    response.writeHead(200, {
      'content-type': wanted.kind === 'checkpoint' ? 'text/plain; charset=utf-8' : 'application/octet-stream',
      'content-length': facts.size,
      'cache-control': cacheFor[wanted.kind],
    });
    if (!withBody || facts.size === 0) response.end();
    // the length is promised: a file that grows meanwhile is cut there
    else await pipeline(file.createReadStream({ end: facts.size - 1, autoClose: false }), response);
  } finally {
    await file.close();
  }
}

/** No such file yet, or no folder on the way to it. */
function missing(thrown: unknown): undefined {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw thrown;
}
