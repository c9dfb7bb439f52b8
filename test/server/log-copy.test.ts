import { describe, expect, it } from 'vitest';
import { parseConfig } from '#config/load.ts';
import { thisInstance } from '#server/instance.ts';
import { copyLog } from '#server/log-copy.ts';
import { Logger } from '#telemetry/log/logger.ts';
import { minimal } from '#test/config/minimal.ts';

const logger = new Logger({ write: () => {} }, () => '', 'error', { now: Date.now });
const configWith = (copyTo: string) => {
  const { config } = parseConfig(
    minimal.replace('audit:\n', () => `audit:\n  copyTo: ${copyTo}\n`),
    '/server.yaml',
  );
  return { config, logger, instance: thisInstance('test') };
};

/** A log of `{"seq":N}`, which gives at most three at a time. */
class Store {
  size = 2;
  entries = async (from: number, to: number) =>
    Array.from({ length: Math.min(3, to - from) }, (_, n) => Buffer.from(JSON.stringify({ seq: from + n })));
}

function sink() {
  const lines: string[] = [];
  return { lines, sink: () => ({ write: (line: string) => void lines.push(line) }) };
}

describe('the copy of the log', () => {
  it('has each record from its beginning on as a line, and all of them at the end', async () => {
    const store = new Store();
    const { lines, sink: out } = sink();
    const copy = copyLog(configWith('stdout'), store, out);
    store.size = 12;
    await copy.stop();
    expect(lines).toEqual(Array.from({ length: 10 }, (_, n) => `{"seq":${n + 2}}\n`));
  });

  it('is not there unless it is asked for', async () => {
    const store = new Store();
    const { lines, sink: out } = sink();
    const copy = copyLog(configWith('nowhere'), store, out);
    store.size = 12;
    await copy.stop();
    expect(lines).toEqual([]);
  });
});
