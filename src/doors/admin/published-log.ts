import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { notFound } from '../http/answer.ts';
import { type LogFile, logFile, retainedFor } from './log-path.ts';
import type { AdminParts } from './ports.ts';
import { type Found, findPublished } from './published-file.ts';

/** A full tile never changes; a partial one neither, but it may give way to the full one. */
const cacheFor: Readonly<Record<LogFile['kind'], string>> = {
  checkpoint: 'no-cache',
  partial: 'public, max-age=300',
  full: 'public, max-age=31536000, immutable',
};

/** ms that somebody waits for what another replica has published, until it is published here. */
const comesWithinMs = 2_000;

/** One file of the published log; `path` is what follows `/log/`. */
export async function sendLogFile(
  response: ServerResponse,
  { published, covered }: Pick<AdminParts, 'published' | 'covered'>,
  path: string,
  withBody: boolean,
): Promise<void> {
  const wanted = logFile(path);
  if (wanted === undefined) return notFound(response);
  const find = () => findPublished(published, wanted);
  const found = (await find()) ?? ((await comes(response, covered, wanted)) ? await find() : undefined);
  if (found === undefined) return sendDropped(response, published, retainedFor(wanted));
  const { file, length } = found;
  try {
    response.writeHead(200, {
      'content-type': wanted.kind === 'checkpoint' ? 'text/plain; charset=utf-8' : 'application/octet-stream',
      'content-length': length,
      'cache-control': cacheFor[wanted.kind],
    });
    if (!withBody || length === 0) response.end();
    // the length is promised: a file that grows meanwhile is cut there
    else await pipeline(file.createReadStream({ start: 0, end: length - 1, autoClose: false }), response);
  } finally {
    await file.close();
  }
}

/** Whether a tile that the log has, and that is not published here yet, is so in time. */
async function comes(response: ServerResponse, covered: AdminParts['covered'], { tile }: LogFile): Promise<boolean> {
  if (tile === undefined || covered === undefined) return false;
  const left = new AbortController();
  const leave = () => left.abort();
  response.once('close', leave);
  try {
    return await covered(tile.within, AbortSignal.any([left.signal, AbortSignal.timeout(comesWithinMs)]));
  } finally {
    response.off('close', leave);
  }
}

/** A file that is not there: not yet, or of a bundle not any more. */
async function sendDropped(response: ServerResponse, published: string, retained: string | undefined): Promise<void> {
  const kept = retained === undefined ? undefined : await foundAt(published, retained);
  if (kept === undefined) return notFound(response);
  await kept.file.close();
  response.writeHead(410, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`dropped, as the log's own record log.pruned says; what was kept of it is /log/${retained}\n`);
}

function foundAt(published: string, path: string): Promise<Found | undefined> {
  return findPublished(published, { path, kind: 'full' });
}
