import type { Metrics } from '#telemetry/metrics.ts';

/** Series → value, of everything that an exposition holds. */
export async function scrape(from: Metrics): Promise<ReadonlyMap<string, number>> {
  const lines = (await from.render()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}
