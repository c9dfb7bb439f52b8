import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const logger = fileURLToPath(new URL('../../../src/telemetry/log/logger.ts', import.meta.url));

/** A process that logs 40,000 lines of 100 octets, four times what may wait, and then says on standard output that it lives. */
const program = `
  import { standardErrorLogger } from ${JSON.stringify(logger)};
  const log = standardErrorLogger({ level: 'info', format: 'auto', clock: { now: () => 0 } });
  for (let i = 0; i < 40_000; i++) log.info('x'.repeat(40), { count: i });
  process.stdout.write('alive\\n');
  process.stdin.once('data', () => process.stdin.destroy());
`;

describe('standard error', () => {
  it('does not stop the process when its reader stands still, and tells afterwards how many lines are missing', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'pipe'] });
    // nobody reads standard error yet: its pipe is full after 64 KiB
    const [alive] = await once(child.stdout, 'data');
    expect(String(alive)).toBe('alive\n');
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    while (!text.includes('log lines were dropped')) await once(child.stderr, 'data');
    child.stdin.write('end');
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const written = lines.filter(({ message }) => message !== 'log lines were dropped');
    const missing = lines.reduce((sum, { dropped }) => sum + (dropped ?? 0), 0);
    expect(missing).toBeGreaterThan(0);
    expect(written.length + missing).toBe(40_000);
    expect(written.map(({ count }) => count)).toEqual(written.map((_, at) => at));
  });
});
