import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { routeTable } from '#doors/api/routes/table.ts';
import { type Ran, run } from '#test/cli/run-cli.ts';
import { repository, TestHome } from '#test/support/home.ts';
import { TokenIssuer } from '#test/support/token-issuer.ts';
import { InProcess, quiet } from '../in-process.ts';

const file = join(repository, 'docs/admin-api.md');
const text = readFileSync(file, 'utf8');
const blocks = (language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, block = '']) => block);

describe('docs/admin-api.md, done as it is written', () => {
  let home: TestHome;
  let running: InProcess;
  const ran = new Map<string, Ran>();

  beforeAll(async () => {
    const { api } = parse(blocks('yaml')[0] ?? '');
    const people = new TokenIssuer({ issuer: api.oidc.issuer, audience: 'countersign' });
    const here = { ...api, listen: '127.0.0.1:0', oidc: { ...api.oidc, jwks: { file: 'people.json' } } };
    home = new TestHome({ config: { ...quiet, api: here } });
    home.write('people.json', people.jwks());
    home.write('token', `authorization: Bearer ${people.token('', '', { sub: 'eve', groups: ['mesh-auditors'] })}\n`);
    const [certificates = '', asks = ''] = blocks('sh');
    execFileSync('/bin/sh', ['-ec', certificates], { cwd: home.directory, stdio: 'pipe' });
    running = await InProcess.start(home);
    await running.ask();
    for (const command of asks.trim().split('\n')) {
      const there = command.replaceAll('ca.example:9404', `127.0.0.1:${running.server.api?.port}`);
      ran.set(command, await run('/bin/sh', ['-c', there], { cwd: home.directory }));
    }
  });
  afterAll(async () => {
    await running.close();
    home[Symbol.dispose]();
  });

  it('every command does what it is there for', () => {
    expect(ran.size).toBeGreaterThan(6);
    expect([...ran].filter(([, { code, stdout }]) => code !== 0 && !stdout.includes('event: record'))).toEqual([]);
    const said = (part: string) => [...ran].find(([command]) => command.includes(part))?.[1].stdout ?? '';
    expect(JSON.parse(said('/v1/authority'))).toMatchObject({ issuers: [{ name: 'mesh' }] });
    expect(JSON.parse(said('/live')).records).toHaveLength(1);
    expect(JSON.parse(said('/held'))).toMatchObject({ records: [] });
    expect(JSON.parse(said('/v1/reload'))).toMatchObject({ changes: [] });
    expect(said('/stream')).toMatch(/^id: 0\nevent: record\ndata: \{/m);
    expect(home.path('0.tlog-proof')).toSatisfy((path: string) =>
      readFileSync(path, 'utf8').startsWith('c2sp.org/tlog-proof'),
    );
  });

  it('has every route with its roles', () => {
    const rows = routeTable('').map(
      ({ method, path, summary, roles }) => `| \`${method} ${path}\` | ${summary} | ${roles.join(', ')} |`,
    );
    const table = ['| route | answers with | for |', '|---|---|---|', ...rows].join('\n');
    const [begin, end] = [
      '<!-- begin: written from the routes by test/server/api/documented.test.ts -->',
      '<!-- end: written from the routes -->',
    ];
    const [head = '', rest = ''] = text.split(begin);
    const [documented = '', tail = ''] = rest.split(end);
    if (process.env.UPDATE_DOCS !== undefined) writeFileSync(file, `${head}${begin}\n\n${table}\n\n${end}${tail}`);
    else expect(documented.trim()).toBe(table);
  });
});
