import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { decodeEntry } from '#audit/entry.ts';
import { TestHome } from '#test/support/home.ts';
import { type LogRecord, recordsOf } from '#test/support/records.ts';
import { ServerProcess } from '#test/support/server-process.ts';
import { InProcess, quiet } from './in-process.ts';

const toFiles = { name: 'files', to: { file: { directory: 'siem', entries: 256 } } };
const within = { timeout: 20_000, interval: 50 };

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '');

/** What a sink of files has by now, as it would be read: whole files, then the part. */
function exported(home: TestHome): string[] {
  const files = globSync('siem/*.{gz,part}', { cwd: home.directory }).toSorted();
  return files.flatMap((name) => {
    const octets = readFileSync(home.path(name));
    return linesOf((name.endsWith('.gz') ? gunzipSync(octets) : octets).toString());
  });
}

const entriesOf = (records: readonly LogRecord[]) => records.map(({ seq, id }) => [seq, id]);

describe('the exports of a server', () => {
  it('A-28: bring every record, the ones about themselves among them, each as it was hashed', async () => {
    using home = new TestHome({ config: { ...quiet, exports: [toFiles] } });
    await using running = await InProcess.start(home);
    await running.ask();
    await vi.waitUntil(() => running.types.includes('export.started'), within);
    await vi.waitUntil(() => exported(home).length === running.records.length, within);
    const lines = exported(home).map((line) => decodeEntry(Buffer.from(line)));
    expect(entriesOf(lines)).toEqual(entriesOf(running.records));
    expect(lines.find(({ type }) => type === 'export.started')).toMatchObject({
      export: { sink: 'files', fromSeq: 0 },
    });
    await vi.waitUntil(
      async () => (await running.get('/metrics')).body.includes('countersign_export_lag_entries{sink="files"} 0'),
      within,
    );
  });

  it('A-28: have no gap after kill -9 of the server, again and again, and nothing twice in files', async () => {
    using home = new TestHome({ config: { ...quiet, exports: [toFiles] } });
    for (let round = 0; round < 3; round++) {
      await using server = await ServerProcess.start(home);
      const wanted = recordsOf(home).length;
      await vi.waitUntil(() => exported(home).length >= wanted - 2, { ...within, interval: 5 });
      await server.kill();
    }
    await using running = await InProcess.start(home);
    await vi.waitUntil(() => exported(home).length === running.records.length, within);
    expect(exported(home).map((line) => decodeEntry(Buffer.from(line)).seq)).toEqual(
      running.records.map((_, index) => index),
    );
  });

  it('A-29: a sink that cannot be written to holds up neither the start, nor issuance, nor the other sinks, nor the end', async () => {
    const blocked = { name: 'blocked', to: { file: { directory: '/dev/null/x' } } };
    using home = new TestHome({ config: { ...quiet, exports: [blocked, toFiles] } });
    await using running = await InProcess.start(home);
    expect((await running.ask()).code).toBe(0);
    await vi.waitUntil(() => exported(home).length === running.records.length, within);
    await vi.waitUntil(async () => {
      const { body } = await running.get('/metrics');
      return /countersign_export_failures_total\{sink="blocked"\} [1-9]/.test(body);
    }, within);
    expect((await running.get('/readyz')).status).toBe(200);
    await running.close();
  });

  it.each([
    ['a pipe', 'exec "$0" "$@" > >(cat > "$OUT")'],
    ['a file', 'exec "$0" "$@" >> "$OUT"'],
  ])('A-28: standard output is %s: it has every record', async (_, line) => {
    using home = new TestHome({ config: { ...quiet, exports: [{ name: 'out', to: { stdout: {} } }] } });
    const out = home.path('out.jsonl');
    home.write('out.jsonl', '');
    await using server = await ServerProcess.start(home, { wrapper: ['bash', '-c', line], env: { OUT: out } });
    const written = () => linesOf(readFileSync(out, 'utf8')).map((text) => decodeEntry(Buffer.from(text)));
    await vi.waitUntil(() => {
      const records = recordsOf(home);
      return records.some(({ type }) => type === 'export.started') && written().length === records.length;
    }, within);
    expect(entriesOf(written())).toEqual(entriesOf(recordsOf(home)));
    expect((await server.stop()).code).toBe(0);
  });

  it('A-29: nobody reads standard output: the server starts, the other sinks go on, and it ends when it is told to', async () => {
    using home = new TestHome({ config: { ...quiet, exports: [{ name: 'out', to: { stdout: {} } }, toFiles] } });
    execFileSync('mkfifo', [home.path('full')]);
    const stalled = 'exec 1<>"$OUT"; head -c 65536 /dev/zero; exec "$0" "$@"';
    const options = { wrapper: ['bash', '-c', stalled], env: { OUT: home.path('full') } };
    await using server = await ServerProcess.start(home, options);
    await vi.waitUntil(() => exported(home).length === recordsOf(home).length, within);
    await vi.waitUntil(async () => {
      const { body } = await server.get('/metrics');
      return body.includes('countersign_export_delivered_total{sink="out"} 0');
    }, within);
    expect((await server.stop()).code).toBe(0);
  });

  it('a cursor that cannot be read stops its own sink alone, which is told', async () => {
    const other = { name: 'other', to: { file: { directory: 'other' } } };
    using home = new TestHome({ config: { ...quiet, exports: [other, toFiles] } });
    mkdirSync(home.path('audit/exports'));
    home.write('audit/exports/other.cursor', '{"next":-1}');
    await using running = await InProcess.start(home);
    await vi.waitUntil(() => exported(home).length === running.records.length, within);
    await vi.waitUntil(async () => {
      const { body } = await running.get('/metrics');
      return /countersign_export_failures_total\{sink="other"\} [1-9]/.test(body);
    }, within);
    expect(globSync('other/*', { cwd: home.directory })).toEqual([]);
  });

  it('A-28: a cursor of another log, ahead of this one, is told of and not followed; without it all is brought', async () => {
    using home = new TestHome({ config: { exports: [toFiles] } });
    mkdirSync(home.path('audit/exports'));
    home.write('audit/exports/files.cursor', '{"next":1000000}');
    await using server = await ServerProcess.start(home);
    await server.said(/exports\/files\.cursor stands at entry 1000000 and the log has [1-9]/);
    await vi.waitUntil(async () => {
      const { body } = await server.get('/metrics');
      return /countersign_export_lag_seconds\{sink="files"\} (?!0$)/m.test(body);
    }, within);
    expect(exported(home)).toEqual([]);
    rmSync(home.path('audit/exports/files.cursor'));
    await vi.waitUntil(() => exported(home).length === recordsOf(home).length, within);
    expect(exported(home).length).toBeGreaterThan(0);
  });
});
