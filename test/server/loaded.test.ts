import { readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import { TestHome } from '#test/support/home.ts';
import { ServerProcess } from '#test/support/server-process.ts';

/** What is only of use to those who have configured it: files of ours, packages of others. */
const optional: Readonly<Record<string, RegExp>> = {
  exports: /\/src\/(export\/(?!format-names)|sinks\/(?!formats)|server\/exports\/)/,
  'parquet writer': /\/node_modules\/hyparquet/,
  postgres: /\/node_modules\/pg|\/src\/store\/postgres\//,
  buckets: /\/node_modules\/aws4fetch|\/src\/(sinks\/)?s3\//,
  archive: /\/src\/store\/archive\//,
  witnesses: /\/src\/(witness|doors\/witness)\//,
  'watch rules': /\/src\/(server\/)?detection\//,
};
const namesOf = (files: readonly string[]) =>
  Object.keys(optional).filter((name) => files.some((file) => optional[name]?.test(file) === true));

/** Paths of all modules that a server has loaded, once `done` says so. */
async function loadedWith(config: object, done: (home: TestHome) => boolean): Promise<string[]> {
  using home = new TestHome({ config: { telemetry: { logs: { level: 'error' } }, ...config } });
  const list = `--import ${new URL('../support/list-loaded.ts', import.meta.url)}`;
  const env = { LOADED: home.path('loaded'), NODE_OPTIONS: `--disable-warning=ExperimentalWarning ${list}` };
  await using _ = await ServerProcess.start(home, { env });
  await vi.waitUntil(() => done(home), { timeout: 20_000 });
  return readFileSync(home.path('loaded'), 'utf8').split('\n');
}

it('a server without exports, archive, witnesses, watch rules and PostgreSQL loads nothing of them', async () => {
  expect(namesOf(await loadedWith({}, () => true))).toEqual([]);
});

it('a server with a sink and an embedded log loads what its sink wants, and no client of databases', async () => {
  const exports = [{ name: 'files', to: { file: { directory: 'siem' } } }];
  const isBrought = (home: TestHome) => readFileSync(home.path('loaded'), 'utf8').includes('/src/sinks/files/');
  expect(namesOf(await loadedWith({ exports }, isBrought))).toEqual(['exports']);
});

it('a server with a sink of Parquet in a bucket loads their writer and client besides', async () => {
  const keys = { accessKey: { env: 'PATH' }, secretKey: { env: 'PATH' } };
  const s3 = { endpoint: 'http://127.0.0.1:1', bucket: 'lake', flush: '1s', ...keys };
  const exports = [{ name: 'lake', format: 'parquet', to: { s3 } }];
  const isWritten = (home: TestHome) => readFileSync(home.path('loaded'), 'utf8').includes('/node_modules/hyparquet');
  expect(namesOf(await loadedWith({ exports }, isWritten))).toEqual(['exports', 'parquet writer', 'buckets']);
});
