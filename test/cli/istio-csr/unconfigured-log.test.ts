import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UnconfiguredLog } from '#cli/istio-csr/unconfigured-log.ts';
import { openKeyFile } from '#keys/software/key-file.ts';

describe('the place of a log that nobody named', () => {
  let memory: string;
  beforeEach(() => {
    memory = mkdtempSync(join(tmpdir(), 'countersign-memory-'));
  });
  afterEach(() => rmSync(memory, { recursive: true }));
  const log = (home = '/nonexistent') => new UnconfiguredLog(home, 'countersign-6443', memory);

  it('is memory without a home, with a key and a name of its own that a second start finds again', async () => {
    const first = log().prepare();
    const directory = join(memory, 'countersign-6443');
    expect(first).toMatchObject({
      directory,
      passes: true,
      audit: { directory, publish: join(directory, 'log'), lifetime: 'passing', copyTo: 'stdout' },
    });
    expect(first.audit.origin).toMatch(/^istio-csr\/[^/ +]+\/[0-9a-f]{8}$/);
    expect((await openKeyFile(join(directory, 'log.key'))).algorithm).toBe('ed25519');
    expect(statSync(join(directory, 'log.key')).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(log().prepare()).toEqual(first);
  });

  it('is the home where there is one to write to, and then it lasts', () => {
    const home = join(memory, 'home');
    mkdirSync(home);
    const { directory, passes, audit } = log(home).prepare();
    expect([directory, passes]).toEqual([join(home, 'audit'), false]);
    expect(audit).not.toHaveProperty('lifetime');
    expect(audit).not.toHaveProperty('copyTo');
  });

  it('is made anew when it is full, and told so while the server runs', async () => {
    const before = log().prepare();
    const stop = new AbortController();
    const full = log().full(before, stop.signal);
    const ballast = join(before.directory, 'ballast');
    writeFileSync(ballast, Buffer.alloc(41 * 1024 ** 2));
    await full;
    stop.abort();
    const after = log().prepare();
    expect(existsSync(ballast)).toBe(false);
    expect(after.audit.origin).not.toBe(before.audit.origin);
  });

  it('that lasts is never made anew', () => {
    const home = join(memory, 'home');
    mkdirSync(join(home, 'audit'), { recursive: true });
    writeFileSync(join(home, 'audit', 'ballast'), Buffer.alloc(41 * 1024 ** 2));
    const { audit } = log(home).prepare();
    expect(log(home).prepare().audit.origin).toBe(audit.origin);
    expect(existsSync(join(home, 'audit', 'ballast'))).toBe(true);
  });

  it('is not taken from somebody else', () => {
    const directory = join(memory, 'countersign-6443');
    mkdirSync(directory);
    chmodSync(directory, 0o777);
    writeFileSync(join(directory, 'log.key'), 'planted');
    expect(() => log().prepare()).toThrow('belongs to somebody else');
    expect(readFileSync(join(directory, 'log.key'), 'utf8')).toBe('planted');
  });
});
