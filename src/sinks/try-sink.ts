import { problemIn } from '#http/words.ts';
import { type Outcome, retry } from './driver.ts';
import type { Source } from './gather.ts';
import { openSink } from './open-sink.ts';
import type { SinkSettings } from './settings.ts';

/** What a sink says to the newest of `size` entries, or to being asked where it can be asked; no cursor moves. */
export async function trySink(
  sink: SinkSettings,
  source: Source,
  size: number,
): Promise<{ readonly outcome: Outcome; readonly sent: boolean }> {
  const { driver, gather } = await openSink(forATry(sink), source);
  const signal = AbortSignal.timeout(sink.timeoutMs);
  try {
    if (driver.probe !== undefined) return { outcome: await driver.probe(signal), sent: false };
    const batch = await gather({ from: size - 1, covered: size }, undefined, signal);
    if ('since' in batch) throw new TypeError('one entry is enough for a try');
    const outcome = await driver.send(batch, undefined, signal);
    if (batch.packed === undefined || outcome.kind !== 'accepted') return { outcome, sent: true };
    // It wanted to be reminded of its plan first.
    const put = await driver.send(batch, outcome.memo, signal);
    if (put.kind !== 'accepted') return { outcome: put, sent: true };
    // A repetition is compared with what stands there: that has to be readable too.
    return { outcome: await driver.send(batch, outcome.memo, signal), sent: true };
  } catch (thrown) {
    return { outcome: retry(problemIn(thrown)), sent: false };
  } finally {
    await driver.close();
  }
}

/** In a bucket, a folder that is no data to those who read whole tables; and records that every format has. */
function forATry(sink: SinkSettings): SinkSettings {
  const { to, batch } = sink;
  if (to.kind !== 's3') return { ...sink, batch: { ...batch, maxRecords: 1 } };
  const bucket = { ...to.bucket, prefix: `${to.bucket.prefix}_test/` };
  return { ...sink, format: 'jsonl', to: { ...to, bucket, entries: 1 } };
}
