import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, watch } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { parseWitnessVkey } from '#audit/cosignature.ts';
import { parseNote, parseSignatures, verifyNote } from '#audit/note.ts';
import { countersign, parsed } from '#test/cli/run-cli.ts';
import { repository } from '#test/oracles.ts';
import { newLogKey, SpokenLog } from './spoken-log.ts';
import { ask, WitnessHome } from './witness-home.ts';

let child: ChildProcess | undefined;
afterEach(() => {
  child?.kill('SIGKILL');
});

/** `countersign witness serve` as a process of its own; gives its URL. */
async function serve(home: WitnessHome): Promise<string> {
  const ready = home.path('ready.json');
  rmSync(ready, { force: true });
  const watcher = watch(home.directory);
  const appeared = new Promise<void>((resolve) => {
    watcher.on('change', (_, name) => name === 'ready.json' && resolve());
  });
  const words = ['src/cli/main.ts', 'witness', 'serve', '--config', home.file, '--ready-file', ready];
  child = spawn(process.execPath, words, { cwd: repository, stdio: 'ignore' });
  const ended = once(child, 'exit').then(() => expect.unreachable('it ended'));
  await Promise.race([appeared, ended.catch(() => undefined)]);
  watcher.close();
  return String(Object(JSON.parse(readFileSync(ready, 'utf8'))).url);
}

it('A-19: killed at any moment, a witness remembers every tree that it has put its name to', async () => {
  const log = new SpokenLog(newLogKey('killed.test/mesh'));
  using home = new WitnessHome([log.key.vkey], { kinds: ['ed25519'] });
  const verifiers = home.vkeys.map(parseWitnessVkey);
  const seenBy = async (url: string) => {
    const { status, body } = await ask(url, await log.asks(0, 40));
    return status === 409 ? Number(body) : expect.unreachable(`${status}: ${body}`);
  };
  let told = 0;
  for (let life = 0; life < 3; life++) {
    const url = await serve(home);
    if (life === 0) await ask(url, await log.asks(0, 0));
    const seen = life === 0 ? 0 : await seenBy(url);
    expect(seen).toBeGreaterThanOrEqual(told);
    // Each asks for one more, and nobody waits for anybody: the first answer is the end of the process.
    const grown = Array.from({ length: 6 }, (_, n) => seen + n);
    const bodies = await Promise.all(grown.map((from) => log.asks(from, from + 1)));
    const answers = bodies.map(async (body, n) => {
      const { status, body: lines } = await ask(url, body);
      child?.kill('SIGKILL');
      if (status !== 200) return;
      const { text } = parseNote(Buffer.from(await log.checkpoint(seen + n + 1)));
      expect(verifyNote({ text, signatures: parseSignatures(Buffer.from(lines)) }, verifiers)).toHaveLength(1);
      told = Math.max(told, seen + n + 1);
    });
    for (const answer of await Promise.allSettled(answers))
      if (answer.status === 'rejected') expect(answer.reason).toBeInstanceOf(TypeError);
  }
  const url = await serve(home);
  const seen = await seenBy(url);
  expect(seen).toBeGreaterThanOrEqual(told);
  expect(told).toBeGreaterThan(0);
  expect(await ask(url, await log.forkedAt(0).asks(seen, seen))).toMatchObject({ status: 422 });
});

it('its key is made once, and the vkey printed whenever it is asked for', async () => {
  using home = new WitnessHome([]);
  const make = (file: string, ...words: readonly string[]) =>
    countersign(['witness', 'make-key', home.path(file), '--name', 'w.test/one', '--json', ...words]);
  const first = parsed(await make('new.key', '--kind', 'ml-dsa-44'));
  expect(first).toMatchObject({ made: true, vkey: expect.stringMatching(/^w\.test\/one\+[0-9a-f]{8}\+B/) });
  expect(parsed(await make('new.key'))).toEqual({ ...first, made: false });
  const { code, stderr } = await countersign(['witness', 'make-key', home.path('x')]);
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('--name') });
});
