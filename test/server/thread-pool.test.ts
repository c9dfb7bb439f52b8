import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '#config/load.ts';
import { Pkcs11KeyStore } from '#keys/pkcs11/key-store.ts';
import { sizeThreadPool, threadPoolSize } from '#server/thread-pool.ts';
import { run } from '#test/cli/run-cli.ts';
import { softhsmModule, type TestToken, testToken } from '#test/keys/softhsm.ts';
import { describeWith } from '#test/oracles.ts';
import { TestHome } from '#test/support/home.ts';
import { ServerProcess } from '#test/support/server-process.ts';

const inToken = (pin: string, sessions: number, module = '/usr/lib/module.so') => ({
  pkcs11: { uri: 'pkcs11:token=countersign-test;object=log', module, pin: { file: pin }, sessions },
});
const audit = { directory: 'audit', origin: 'log.test/mesh', publish: 'audit/log' };
const configOf = (home: TestHome) => loadConfig(home.path('countersign.yaml')).config;

describe('the thread pool', () => {
  it('has a thread for each session of each key in a token beside the four of its own', () => {
    using without = new TestHome();
    using of16 = new TestHome({ config: { audit: { ...audit, key: inToken('pin', 16) } } });
    expect([threadPoolSize(configOf(without)), threadPoolSize(configOf(of16))]).toEqual([4, 20]);
  });

  it('stays as the operator has set it', () => {
    using home = new TestHome();
    const env = { UV_THREADPOOL_SIZE: '64' };
    sizeThreadPool(configOf(home), env);
    expect(env).toEqual({ UV_THREADPOOL_SIZE: '64' });
  });

  it('verifies while every session of the token hangs', async () => {
    using home = new TestHome({ config: { audit: { ...audit, key: inToken('pin', 6) } } });
    const script = new URL('./hanging-token.ts', import.meta.url).pathname;
    const ran = await run(process.execPath, ['--disable-warning=ExperimentalWarning', script, home.directory, '6']);
    expect(ran).toEqual({ code: 0, stdout: 'true\n', stderr: '' });
  });
});

describeWith(['softhsm'], 'a server whose log key is in a token', () => {
  const held = {} as { token: TestToken };
  beforeAll(async () => {
    held.token = await testToken();
    const store = await Pkcs11KeyStore.open(held.token.address);
    await (await store.create('log', 'ec:P-256')).signer.close();
    await store.close();
  });
  afterAll(() => held.token.remove());

  // Where threads can be counted by name.
  it.runIf(process.platform === 'linux')('has those threads from its first asynchronous call on', async () => {
    const key = inToken(`${held.token.directory}/pin`, 12, softhsmModule);
    using home = new TestHome({ config: { audit: { ...audit, key } } });
    await using server = await ServerProcess.start(home, { env: held.token.env });
    const tasks = `/proc/${server.pid}/task`;
    const names = readdirSync(tasks).map((task) => readFileSync(`${tasks}/${task}/comm`, 'utf8').trim());
    expect(names.filter((name) => name === 'libuv-worker')).toHaveLength(16);
  });
});
