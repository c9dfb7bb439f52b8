import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { freePort } from '#test/support/control-plane/program.ts';
import { TestHome } from '#test/support/home.ts';
import { InProcess, quiet } from './in-process.ts';

/** Asked by another process, while this one, and with it the server's event loop, stands still. */
function askedMeanwhile(port: number): string {
  const script = `const r = await fetch('http://127.0.0.1:${port}/readyz'); process.stdout.write(r.status + ' ' + (await r.text()))`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout;
}

function homeWith(port: number): TestHome {
  const home = new TestHome({ config: quiet });
  const admin = { listen: '127.0.0.1:0', probe: { listen: `127.0.0.1:${port}` } };
  home.write('countersign.yaml', stringify({ ...home.config, admin }));
  return home;
}

describe('the probe on a port of its own', () => {
  it('is answered while the event loop stands still, and tells of the drain as soon as it begins', async () => {
    const port = await freePort();
    using home = homeWith(port);
    const running = await InProcess.start(home);
    expect(askedMeanwhile(port)).toBe('200 ok');
    const draining = running.close();
    const during = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    expect(during?.status ?? 'closed').not.toBe(200);
    await draining;
    await expect(fetch(`http://127.0.0.1:${port}/readyz`)).rejects.toThrow();
  });

  it('a port that somebody has is an error of the start', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const address = blocker.address();
    using home = homeWith(typeof address === 'object' && address !== null ? address.port : 0);
    await expect(InProcess.start(home)).rejects.toThrow(/EADDRINUSE/);
    await new Promise((resolve) => blocker.close(resolve));
  });
});
