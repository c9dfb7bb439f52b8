import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AuditEvent } from '#audit/event.ts';
import { deniedEvent } from '#test/audit/example-event.ts';
import { repository } from '#test/oracles.ts';
import { publishedHome } from './exported-log.ts';
import { parsed, run, scratch } from './run-cli.ts';
import { here } from './run-here.ts';

const folder = scratch();
const home = join(folder, 'home');
const rule = join(folder, 'rule.yaml');
const refusals = 'policies/detection/refusals-of-one-caller.yaml';

const refused = (n: number, name: string): AuditEvent => ({
  ...deniedEvent(n),
  caller: { identity: `spiffe://cluster.local/ns/shop/sa/${name}` },
});

beforeAll(async () => {
  const web = Array.from({ length: 25 }, (_, n) => refused(n, 'web'));
  const api = Array.from({ length: 5 }, (_, n) => refused(100 + n, 'api'));
  await publishedHome(home, [...web, ...api]);
});

describe('detection test', () => {
  it('runs the cases beside the rules, of a folder too', async () => {
    const ran = await here(['detection', 'test', 'policies/detection', '--json']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(parsed(ran)).toMatchObject({ failed: 0, setId: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const shown = await here(['detection', 'test', refusals]);
    expect(shown.stdout).toContain('pass  refusals-of-one-caller: twenty in five minutes  1 alert, by record 20\n');
  });

  it('says which case fails, where it stands, and what came out', async () => {
    writeFileSync(rule, readFileSync(refusals, 'utf8').replace('count: 20\n', 'count: 21\n'));
    const { code, stdout } = await here(['detection', 'test', rule]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/FAIL {2}refusals-of-one-caller: twenty in five minutes/);
    expect(stdout).toMatch(/rule\.yaml:\d+:\d+: spec\.tests\[0\]\.alerts: .* it got 1 alert, by record 21/);
  });

  it('takes the rules that a home is configured with, and asks for some where there are none', async () => {
    expect(await here(['detection', 'test', '--home', home])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('has no section detection'),
    });
  });
});

it('docs/detection.md: every command does what it is there for', async () => {
  const text = readFileSync('docs/detection.md', 'utf8');
  const commands = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
    block.trim().split('\n'),
  );
  expect(commands.length).toBeGreaterThan(1);
  const env = { COUNTERSIGN_HOME: home, PATH: `${join(repository, 'scripts')}:${process.env.PATH}` };
  for (const command of commands) {
    const { code, stderr } = await run('/bin/sh', ['-c', command], { env });
    expect({ command, code, stderr }).toMatchObject({ command, code: 0 });
  }
});

describe('detection replay', () => {
  it('tells what the rules would have told of the whole log, which it verifies', async () => {
    const ran = await here(['detection', 'replay', '--home', home, '--rules', refusals, '--json']);
    expect(parsed(ran)).toMatchObject({
      size: 30,
      rules: [{ rule: 'refusals-of-one-caller', alerts: 1, forgotten: 0 }],
      alerts: [{ by: { caller: 'spiffe://cluster.local/ns/shop/sa/web' }, count: 20, severity: 'medium' }],
    });
    expect(ran.code).toBe(0);
    const shown = await here(['detection', 'replay', '--home', home, '--rules', refusals]);
    expect(shown.stdout).toMatch(/medium {3,}refusals-of-one-caller +spiffe:\/\/cluster\.local\/ns\/shop\/sa\/web +20/);
    expect(shown.stderr).toContain('1 alert by 30 records');
  });

  it('counts only what lies in the period that is asked for', async () => {
    const words = ['detection', 'replay', '--home', home, '--rules', refusals, '--since', '2026-11-02', '--json'];
    expect(parsed(await here(words))).toMatchObject({ alerts: [], rules: [{ alerts: 0 }] });
  });

  it('a log that does not verify is no history', async () => {
    const log = join(folder, 'damaged');
    await publishedHome(log, [refused(0, 'web')]);
    const bundle = join(log, 'audit/log/tile/entries/000.p/1');
    writeFileSync(bundle, readFileSync(bundle, 'latin1').replace('web', 'wib'), 'latin1');
    const ran = await here(['detection', 'replay', '--home', log, '--rules', refusals]);
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('is not verified') });
  });
});
