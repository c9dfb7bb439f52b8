import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { Health } from '#telemetry/health.ts';
import { watchHealth } from '#telemetry/health-gauges.ts';

function clockAt(start: number) {
  let time = start;
  return { now: () => time, pass: (ms: number) => (time += ms) };
}

describe('readiness', () => {
  it('is not there before anyone has spoken', () => {
    const health = new Health(clockAt(0));
    expect(health.readiness().ok).toBe(false);
    const store = health.register('store');
    expect(health.readiness()).toEqual({
      ok: false,
      checks: [{ name: 'store', ok: false, reason: 'starting', since: 0 }],
    });
    store.pass();
    expect(health.readiness().ok).toBe(true);
  });

  it('needs every part, and names the one that fails and why', () => {
    const health = new Health(clockAt(0));
    const [store, signer] = [health.register('store'), health.register('signer')];
    store.pass();
    signer.pass();
    signer.fail('the token is gone');
    expect(health.readiness()).toMatchObject({ ok: false, checks: [{ ok: true }, { reason: 'the token is gone' }] });
    signer.pass();
    expect(health.readiness().ok).toBe(true);
    expect(health.readiness().checks[1]).not.toHaveProperty('reason');
  });

  it('flips at once while the work that it watches hangs for ever', async () => {
    const health = new Health(clockAt(0));
    const append = health.register('append');
    append.pass();
    const work = new Promise<void>(() => {});
    void work.then(() => append.pass());
    append.fail('the disk does not answer');
    expect(health.readiness().ok).toBe(false);
  });

  it('ends when a part that promised to report falls silent, and comes back with its next word', () => {
    const clock = clockAt(1_000);
    const health = new Health(clockAt(0), clock);
    const signer = health.register('signer', { freshForMs: 15_000 });
    health.register('policy').pass();
    signer.pass();
    clock.pass(15_000);
    expect(health.readiness().ok).toBe(true);
    clock.pass(1_000);
    expect(health.readiness()).toMatchObject({
      ok: false,
      checks: [{ name: 'signer', reason: 'no word for 16 s' }, { ok: true }],
    });
    signer.pass();
    expect(health.readiness().ok).toBe(true);
  });

  it('ends with the drain and takes no part in life', () => {
    const health = new Health(clockAt(0));
    health.register('store').pass();
    health.drain();
    expect(health.readiness()).toMatchObject({
      ok: false,
      checks: [{ ok: true }, { name: 'shutdown', reason: 'draining' }],
    });
    expect(health.liveness().ok).toBe(true);
  });

  it('does not let two parts share a name', () => {
    const health = new Health(clockAt(0));
    health.register('store');
    expect(() => health.register('store')).toThrow('already a check named store');
  });
});

describe('liveness', () => {
  it('does not depend on readiness: restarting cures no missing token', () => {
    const health = new Health(clockAt(0));
    health.register('signer').fail('the token is gone');
    expect(health.liveness().ok).toBe(true);
  });

  it('ends when only a new process can help', () => {
    const health = new Health(clockAt(0));
    health.wedge('an fsync failed: nothing read back is to be trusted');
    expect(health.liveness()).toMatchObject({
      ok: false,
      checks: [{ ok: true }, { reason: expect.stringContaining('fsync') }],
    });
  });
});

describe('readiness as metrics', () => {
  it('has a number for the whole and one for each part, by what they say now', async () => {
    const health = new Health(clockAt(0));
    const registry = new Registry();
    watchHealth(registry, health);
    health.register('store').pass();
    const signer = health.register('signer');
    signer.fail('the token is gone');
    expect(await registry.metrics()).toMatch(/^countersign_ready 0$/m);
    expect(await registry.metrics()).toMatch(/^countersign_check_passing\{check="store"\} 1$/m);
    expect(await registry.metrics()).toMatch(/^countersign_check_passing\{check="signer"\} 0$/m);
    signer.pass();
    expect(await registry.metrics()).toMatch(/^countersign_ready 1$/m);
    health.drain();
    expect(await registry.metrics()).toMatch(/^countersign_check_passing\{check="shutdown"\} 0$/m);
  });
});
