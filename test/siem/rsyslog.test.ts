import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { rowFormatOf } from '#sinks/row-format.ts';
import { SyslogDriver } from '#sinks/syslog/syslog-driver.ts';
import { exported } from '#test/export/sample.ts';
import { describeWith } from '#test/oracles.ts';
import { startRsyslog } from '#test/sinks/rsyslog.ts';
import { makeTlsFiles, type TlsFolder } from '#test/sinks/tls-files.ts';
import { freePort, type Program } from '#test/support/control-plane/program.ts';
import { blocksIn } from './page.ts';
import { seededEvents } from './seeded-events.ts';

const records = seededEvents.map((event, seq) => exported(event, seq));
const to = { kind: 'syslog', host: '127.0.0.1', port: 0, enterpriseNumber: 64_999, tls: {} } as const;
const format = rowFormatOf(to, 'cef');
const rows = records.map((record, seq) => ({ seq, entry: record.entry, octets: format.row(record) }));

describeWith(['rsyslog'], 'docs/siem/syslog.md', (path) => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-siem-'));
  let files: TlsFolder;
  let rsyslog: Program;
  const linesOf = (name: string) => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1);
  const seqsIn = (name: string) => linesOf(name).map((line) => Number(/ cn1=(\d+)/.exec(line)?.[1]));

  beforeAll(async () => {
    files = makeTlsFiles();
    const { ca, certificate, key } = files.serverFiles;
    const port = await freePort();
    const places = { '/etc/rsyslog/ca.pem': ca, '/etc/rsyslog/us.pem': certificate, '/etc/rsyslog/us.key': key };
    const [block = ''] = blocksIn('syslog', 'rsyslog');
    const here = Object.entries({ ...places, '/var/log': folder, '"6514"': `"${port}" address="127.0.0.1"` });
    const configuration = here.reduce((text, [there, place]) => text.replaceAll(there, place), block);
    const beside = `template(name="data" type="string" string="%structured-data%\\n")\n`;
    const data = configuration.replace(
      '== "countersign" then {',
      `$&\n action(type="omfile" file="${folder}/data" template="data")`,
    );
    rsyslog = startRsyslog(path('rsyslog'), folder, `global(workDirectory="${folder}")\n${beside}${data}`);
    const driver = new SyslogDriver({ ...to, port, tls: files.client });
    const batch = { from: 0, to: rows.length, gone: [], rows };
    await rsyslog.ready(async () => {
      await driver.send(batch, undefined, AbortSignal.timeout(20_000));
      return true;
    }, 60_000);
    const isThere = () =>
      existsSync(join(folder, 'countersign.cef')) && seqsIn('countersign.cef').includes(rows.length - 1);
    await vi.waitUntil(isThere, { timeout: 20_000, interval: 50 });
  });
  afterAll(async () => {
    await rsyslog.kill();
    files[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });

  it('A-33: its configuration of rsyslog writes every record, and refusals, failures and alerts once more apart', () => {
    expect([...new Set(seqsIn('countersign.cef'))]).toEqual(rows.map(({ seq }) => seq));
    const apart = records.filter(({ entry }) => entry.outcome !== 'success' || entry.type === 'detection.alert');
    expect(new Set(seqsIn('countersign-alerts.cef'))).toEqual(new Set(apart.map(({ entry }) => entry.seq)));
  });

  it('its structured data stands under the number that the sink was given', () => {
    expect(linesOf('data').at(-1)).toMatch(/^\[countersign@64999 seq="\d+" id="/);
  });

  it('its commands count what arrived, and why was refused', () => {
    const [count, reasons] = blocksIn('syslog', 'sh')
      .flatMap((block) => block.trim().split('\n'))
      .map((command) => execFileSync('/bin/sh', ['-c', command], { cwd: folder, encoding: 'utf8' }));
    expect(Number(count)).toBe(rows.length);
    expect(reasons).toMatch(/reason=identity\.mismatch[\s\S]*reason=policy\.denied/);
  });
});
