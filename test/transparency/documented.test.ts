import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseCheckpoint } from '#audit/checkpoint.ts';
import { type Ran, run, scratch } from '#test/cli/run-cli.ts';
import { describeWith, oracle, repository } from '#test/oracles.ts';
import { MeshLog } from './mesh-log.ts';

const text = readFileSync(join(repository, 'docs/audit.md'), 'utf8');
const blocks = (language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, block = '']) => block);
const commands = blocks('sh').flatMap((block) => block.trim().split('\n'));

describeWith(['set:transparency'], 'docs/audit.md, done as it is written', () => {
  let mesh: MeshLog;
  const folder = scratch();
  const ran = new Map<string, Ran>();

  beforeAll(async () => {
    mesh = await MeshLog.start();
    const [web = ''] = await mesh.issue(20);
    await mesh.checkpointOver(20, 'waited-for');
    writeFileSync(join(folder, 'web.pem'), web);
    writeFileSync(join(folder, 'log.vkey'), readFileSync(mesh.vkeyFile));
    const set = oracle('set:transparency');
    for (const program of ['fsck', 'logcheck'])
      if (set.available) symlinkSync(join(set.path, program), join(folder, program));
    const env = { ...mesh.env, PATH: `${folder}:${join(repository, 'scripts')}:${process.env.PATH}` };
    for (const command of commands) {
      const here = command
        .replaceAll('http://ca.example:15014/log/', mesh.url)
        .replaceAll('/srv/countersign', mesh.home.directory);
      ran.set(command, await run('/bin/sh', ['-c', here], { cwd: folder, env }));
    }
  });
  afterAll(() => mesh[Symbol.asyncDispose]());

  it('A-12, A-15: every command does what it is there for', () => {
    expect(commands.length).toBeGreaterThan(12);
    expect([...ran].filter(([, { code }]) => code !== 0)).toEqual([]);
    for (const [command, { stderr }] of ran)
      if (command.startsWith('fsck')) expect(stderr).toMatch(/Successfully fsck'd log with size \d+ and root /);
  });

  it('A-18: the configuration replaces the key as it says', async () => {
    const [documented = ''] = blocks('yaml');
    const { audit } = parse(documented);
    await mesh.restart(stringify({ ...mesh.home.config, audit: { ...Object(mesh.home.config.audit), ...audit } }));
    await mesh.issue(1);
    await mesh.server.stop();
    expect(parseCheckpoint(readFileSync(join(mesh.home.published, 'checkpoint'))).note.signatures).toHaveLength(2);
  });

  it('the version of fsck that it names is the one that runs here', () => {
    const pinned = readFileSync(join(repository, 'test/go/transparency/go.mod'), 'utf8');
    const [, version] = /tessera\/cmd\/fsck@(v[\d.]+)/.exec(text) ?? [];
    expect(pinned).toContain(`github.com/transparency-dev/tessera ${version}\n`);
  });
});
