import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { decodeEntry } from '#audit/entry.ts';
import type { LogView } from './ports.ts';

export interface RecordStream {
  readonly log: Pick<LogView, 'size' | 'entries'>;
  /** Leaf index of the first record. */
  readonly from: number;
  /** ms that a reader may take for what it was sent; 20,000 unless told. */
  readonly patience?: number;
}

/** Most records read at once; no more than that is held for a reader, however far behind it is. */
const page = 64;
/** ms between two looks at whether the log has grown. */
const lookEvery = 200;
/** ms after which a reader who hears nothing is told that there is nothing. */
const heartbeat = 15_000;
const usualPatience = 20_000;

/**
 * Records as they become durable, as server-sent events whose id is the leaf index. Nothing of it stands in the way of
 * whoever appends: the log is looked at, page by page, and a reader that does not read is cut off. Records of which only
 * the hash is left are passed over. Resolves with the number of records sent when `signal` ends it or the reader is gone.
 */
export async function sendRecords(
  response: ServerResponse,
  { log, from, patience = usualPatience }: RecordStream,
  signal: AbortSignal,
): Promise<number> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  let next = from;
  let sent = 0;
  const send = (text: string) => write(response, text, signal, patience);
  try {
    await send(`retry: 1000\n: ${log.size} records\n\n`);
    while (!signal.aborted) {
      if (!(await grownPast(log, next, signal))) {
        await send(`: ${log.size} records\n\n`);
        continue;
      }
      const end = Math.min(log.size, next + page);
      const events = (await log.entries(next, end)).map(eventOf);
      if (events.length > 0) await send(events.join(''));
      next = end;
      sent += events.length;
    }
  } catch (thrown) {
    if (signal.aborted) endStream(response);
    // one that does not read is cut off, and so is one of a log that cannot be read
    else response.destroy();
    if (!signal.aborted && !isEnd(thrown)) throw thrown;
    return sent;
  }
  endStream(response);
  return sent;
}

function endStream(response: ServerResponse): void {
  if (!response.destroyed) response.end('event: end\ndata: {}\n\n');
}

/** The entry is one line of canonical JSON: its octets are those of the leaf. */
const eventOf = (entry: Uint8Array) =>
  `id: ${decodeEntry(entry).seq}\nevent: record\ndata: ${Buffer.from(entry.buffer, entry.byteOffset, entry.length).toString()}\n\n`;

async function grownPast(log: RecordStream['log'], size: number, signal: AbortSignal): Promise<boolean> {
  for (let waited = 0; waited < heartbeat; waited += lookEvery) {
    if (log.size > size) return true;
    await pause(lookEvery, undefined, { signal, ref: false });
  }
  return false;
}

async function write(response: ServerResponse, text: string, signal: AbortSignal, patience: number): Promise<void> {
  signal.throwIfAborted();
  if (response.write(text)) return;
  await once(response, 'drain', { signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]) });
}

const isEnd = (thrown: unknown) =>
  thrown instanceof Error && (thrown.name === 'AbortError' || thrown.name === 'TimeoutError');
