import { open } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { notFound } from '../http/answer.ts';
import { type LogFile, logFile, retainedFor } from './log-path.ts';

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
  if (file === undefined) return sendDropped(response, published, retainedFor(wanted));
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

/** A file that is not there: not yet, or of a bundle not any more. */
async function sendDropped(response: ServerResponse, published: string, retained: string | undefined): Promise<void> {
  const kept = retained === undefined ? undefined : await open(join(published, retained)).catch(missing);
  if (kept === undefined) return notFound(response);
  await kept.close();
  response.writeHead(410, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`dropped, as the log's own record log.pruned says; what was kept of it is /log/${retained}\n`);
}

/** No such file yet, or no folder on the way to it. */
function missing(thrown: unknown): undefined {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw thrown;
}
