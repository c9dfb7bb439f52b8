import { Ajv } from 'ajv';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { entryLimit } from '#audit/entry.ts';
import { entrySchema } from '#audit/schema.ts';
import { describeWith } from '#test/oracles.ts';
import { Agent } from '#test/support/agent.ts';
import { type HsmHome, hsmHome } from '#test/support/hsm-home.ts';
import { type LogRecord, recordsOf } from '#test/support/records.ts';
import { newRequest, p256Request } from '#test/support/requests.ts';
import { InProcess, quiet } from './in-process.ts';

describeWith(['softhsm'], 'what a server writes', () => {
  let held: HsmHome;
  let records: LogRecord[];

  beforeAll(async () => {
    held = await hsmHome({ config: quiet });
    for (const key of ['token', 'memory'] as const) {
      held.issueFrom(key);
      await using running = await InProcess.start(held.home, held.roots);
      await everyEnd(running);
    }
    records = recordsOf(held.home);
  });
  afterAll(() => held[Symbol.dispose]());

  async function everyEnd(running: InProcess): Promise<void> {
    const own = await newRequest('rsa:2048');
    const { chain } = await running.ask({ csr: own.csr, validity_duration: '1' });
    const identity = { chain: chain.slice(0, -1).join(''), key: own.keyPem };
    using agent = await Agent.connect({ port: running.server.istio.port, roots: held.roots, identity });
    await agent.call({ csr: p256Request().csr, headers: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` } });
    const named = (name: string) => ({ metadata: { fields: { [name]: { stringValue: 'other' } } } });
    await running.ask({ csr: 'rubbish' });
    await running.ask({ raw: Buffer.of(0xff) });
    await running.ask({ csr: p256Request().csr, token: 'none' });
    await running.ask({ ...named('CertSigner') });
    await running.ask({ ...named('ImpersonatedIdentity') });
    await running.ask({ validity_duration: '9223372036854775807' });
    const now = Date.now();
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now + 3_600_000);
    await vi.waitUntil(() => running.types.includes('clock.step'), { timeout: 5_000 });
    clock.mockRestore();
  }

  it('A-1: is valid by the published schema, each record at its index, and of at most 16 KiB', () => {
    const valid = new Ajv({ strict: false, allErrors: true }).compile(entrySchema);
    const faults = (record: unknown) => (valid(record) ? [] : (valid.errors ?? []));
    const wrong = records.flatMap((record) =>
      faults(record).map(({ instancePath, message }) => `${record.type} ${instancePath} ${message}`),
    );
    expect([...new Set(wrong)]).toEqual([]);
    expect(records.map(({ seq }) => seq)).toEqual(records.map((_, at) => at));
    expect(Math.max(...records.map((record) => JSON.stringify(record).length))).toBeLessThanOrEqual(entryLimit);
    expect(new Set(records.map(({ type }) => type)).size).toBeGreaterThan(12);
  });
});
