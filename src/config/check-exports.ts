import { parseByteSize, parseDuration } from '#document/scalars.ts';
import { between, exactlyOne, type Report } from './judgement.ts';
import type { ServerConfigText } from './schema/server-config.ts';

export function checkExports({ exports }: ServerConfigText, report: Report): void {
  const names = exports.map(({ name }) => name);
  for (const [at, sink] of exports.entries()) {
    const path = ['exports', at];
    if (names.indexOf(sink.name) < at) report([...path, 'name'], `"${sink.name}" is given before`);
    exactlyOne(sink.to, [...path, 'to'], report);
    if (parseByteSize(sink.batch.size) > parseByteSize('16MiB'))
      report([...path, 'batch', 'size'], `${sink.batch.size} is more than 16MiB`);
    between(sink.timeout, '1s', '10m', [...path, 'timeout'], report);
    between(sink.lag.warn, '10s', '7d', [...path, 'lag', 'warn'], report);
    between(sink.lag.alarm, '10s', '30d', [...path, 'lag', 'alarm'], report);
    if (parseDuration(sink.lag.alarm) <= parseDuration(sink.lag.warn))
      report([...path, 'lag', 'alarm'], `${sink.lag.alarm} is not longer than warn, ${sink.lag.warn}`);
  }
}
