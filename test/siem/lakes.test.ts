import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { parseTlogProof } from '#audit/tlog-proof.ts';
import { publishedHome } from '#test/cli/exported-log.ts';
import { run, scratch } from '#test/cli/run-cli.ts';
import { minimal } from '#test/config/minimal.ts';
import { describeWith, repository } from '#test/oracles.ts';
import { blocksIn } from './page.ts';
import { seededEvents } from './seeded-events.ts';

describeWith(['export-readers', 'jq'], 'docs/siem/lakes.md', (path) => {
  const folder = join(scratch(), 'lake');
  const home = join(folder, 'home');
  const commands = blocksIn('lakes', 'sh').flatMap((block) => block.trim().split('\n'));
  const ran = new Map<string, string>();

  beforeAll(async () => {
    await publishedHome(home, seededEvents);
    mkdirSync(join(folder, 'siem'));
    writeFileSync(join(home, 'countersign.yaml'), minimal);
    const env = { COUNTERSIGN_HOME: home, PATH: `${join(repository, 'scripts')}:${process.env.PATH}` };
    const lines = [
      'countersign audit export -o all.jsonl',
      ...commands.filter((command) => command !== 'countersign export status'),
    ];
    for (const command of lines) {
      if (command.startsWith('gunzip'))
        writeFileSync(join(folder, 'siem', 'audit-0.jsonl.gz'), gzipSync(readFileSync(join(folder, 'all.jsonl'))));
      const { code, stdout, stderr } = await run('/bin/bash', ['-c', command], { cwd: folder, env });
      expect({ command, code, failed: stderr.includes('countersign:') }).toEqual({ command, code: 0, failed: false });
      ran.set(command, stdout);
    }
  }, 120_000);

  it('every command finds what it is there for', () => {
    const found = [...ran].filter(([command]) => command.startsWith('gunzip'));
    expect(found.map(([, stdout]) => stdout.trim().split('\n').length)).toEqual([2, 1, 3]);
    expect(found[2]?.[1]).toContain('2b'.repeat(32));
    expect(readdirSync(join(folder, 'evidence'))).toEqual(['41.tlog-proof']);
    const { entry = new Uint8Array() } = parseTlogProof(
      readFileSync(join(folder, 'evidence', '41.tlog-proof'), 'utf8'),
    );
    expect(JSON.parse(Buffer.from(entry).toString())).toMatchObject({ seq: 41, reason: 'identity.mismatch' });
  });

  it('A-37: every query in SQL is answered by DuckDB, and finds what the log has', () => {
    const queries = blocksIn('lakes', 'sql');
    const answered = spawnSync(path('export-readers'), [join(import.meta.dirname, 'run-sql.py'), folder], {
      input: JSON.stringify(queries),
      encoding: 'utf8',
    });
    expect(answered.stderr).toBe('');
    const rows = answered.stdout
      .trimEnd()
      .split('\n')
      .map((line): readonly Record<string, unknown>[] => JSON.parse(line));
    expect(rows).toHaveLength(queries.length);
    for (const [at, query] of queries.entries())
      expect({ query, empty: rows[at]?.length === 0 }).toEqual({ query, empty: false });
    const of = (words: string) => rows[queries.findIndex((query) => query.includes(words))];
    expect(of('AS missing')).toEqual([
      { first: 0, last: seededEvents.length - 1, records: seededEvents.length, missing: 0 },
    ]);
    expect(of('NOT EXISTS')).toMatchObject([{ serial: '5d0f1c', peer_ip: '10.244.1.17', pod: 'api-7c9d' }]);
    expect(of('AS refusals')).toMatchObject([
      { reason: 'policy.denied', refusals: 12 },
      { reason: 'identity.mismatch' },
    ]);
    expect(of('list(DISTINCT identity)')?.filter(({ spki_sha256 }) => spki_sha256 !== null)).toHaveLength(1);
    expect(of('AS loaded')).toMatchObject([{ seq: 1, actor: 'kari@example.org' }]);
    expect(of("jti = 'token-17'")).toHaveLength(5);
  });
});

it('the Athena table of docs/siem/lakes.md has columns of the Parquet files alone', async () => {
  const { parquetColumns } = await import('#export/parquet/columns.ts');
  const [table = ''] = blocksIn('lakes', 'athena');
  const columns = [...(/\(([\s\S]*?)\)/.exec(table)?.[1] ?? '').matchAll(/(\w+) (?:bigint|string|timestamp)/g)];
  expect(columns.length).toBeGreaterThan(15);
  expect(columns.map(([, name]) => name).filter((name) => !parquetColumns.some(({ to }) => to === name))).toEqual([]);
});
