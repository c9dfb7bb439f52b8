import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { TestHome } from '#test/support/home.ts';
import { ours } from '#test/transparency/ours.ts';
import { InProcess, quiet } from './in-process.ts';

describe('a server that keeps addresses and people beside its log', () => {
  let home: TestHome;
  let server: InProcess;
  const command = (...words: string[]) => ours(...words, '--home', home.directory);
  const list = async (...words: string[]) => JSON.parse((await command('audit', 'list', '--json', ...words)).stdout);
  const folder = () => home.path('audit', 'redactions');
  let index: number;
  beforeAll(async () => {
    home = new TestHome({ config: quiet });
    const audit = { ...Object(home.config.audit), redactable: ['peer.ip', 'caller.credential.subject', 'actor.user'] };
    home.write('countersign.yaml', stringify({ ...home.config, audit }));
    server = await InProcess.start(home);
    await server.ask();
    index = server.records.findLastIndex(({ type, door }) => type === 'certificate.issued' && door === 'istio');
  });
  afterAll(async () => {
    await server.close();
    home[Symbol.dispose]();
  });

  it('records commitments, and shows the values to whoever has the store and asks for them', async () => {
    const plain = await list('--before', String(index + 1), '--limit', '1');
    expect(plain.disclosures).toBeUndefined();
    expect(plain.records).toMatchObject([
      {
        seq: index,
        peer: { ip: { commitment: expect.any(String) } },
        caller: { credential: { subject: { commitment: expect.any(String) } } },
      },
    ]);
    const { disclosures } = await list('--before', String(index + 1), '--limit', '1', '--disclose');
    expect(disclosures).toMatchObject([
      { index, field: 'caller.credential.subject', value: '"system:serviceaccount:demo:web"' },
      { index, field: 'peer.ip', value: '"127.0.0.1"' },
    ]);
    const table = await command('audit', 'list', '--disclose', '--before', String(index + 1), '--limit', '1');
    expect(table.stdout).toContain('peer.ip="127.0.0.1"');
  });

  it('answers questions with the values while they are there, and without them where nobody asks for them', async () => {
    const asked = (...more: string[]) => command('audit', 'ask', 'policy-changes', ...more);
    expect((await asked()).stdout).not.toContain('operator');
    expect((await asked('--disclose')).stdout).toContain('operator');
    const { disclosures } = JSON.parse((await asked('--disclose', '--json')).stdout);
    expect(disclosures).toMatchObject([{ field: 'actor.user', value: '"operator"' }]);
  });

  it('A-6: erases what it is asked to, after a record that says what and for whom, and of what is never told', async () => {
    const { code, stdout } = await command(
      ...['audit', 'redact', '--subject', 'system:serviceaccount:demo:web', '--requested-by', 'dpo', '--json'],
    );
    expect({ code, ...JSON.parse(stdout) }).toEqual({
      code: 0,
      erases: [{ index, field: 'caller.credential.subject' }],
    });
    await server.server.reload();
    const [record] = server.records.filter(({ type }) => type === 'log.redacted');
    expect(record).toMatchObject({
      outcome: 'success',
      redacted: { field: 'caller.credential.subject', records: [index] },
      actor: { method: 'command', user: { commitment: expect.any(String) } },
    });
    expect(JSON.stringify(record)).not.toContain('serviceaccount');
    const { disclosures, records } = await list('--before', String(index + 1), '--limit', '1', '--disclose');
    expect(disclosures).toMatchObject([{ index, field: 'peer.ip' }]);
    expect(records[0].caller.credential.subject).toEqual({ commitment: expect.any(String) });
    expect(readdirSync(folder())).toEqual([]);
  });

  it('verifies after it, the published log and the store', async () => {
    const { code, stdout } = await command('audit', 'verify', '--json');
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, verified: true, store: { verified: true } });
    expect(await command('audit', 'list', '--log', home.published, '--disclose')).toMatchObject({ code: 2 });
  });

  it('what was asked for while it was stopped is erased by the next start', async () => {
    await server.close();
    expect((await command('audit', 'redact', '--index', String(index))).code).toBe(0);
    expect(readdirSync(folder())).toHaveLength(1);
    server = await InProcess.start(home);
    await server.server.reload();
    expect((await list('--before', String(index + 1), '--limit', '1', '--disclose')).disclosures).toEqual([]);
    expect(readdirSync(folder())).toEqual([]);
  });

  it('says again what it finds asked for again, as after a crash before that was done with; nothing else comes of it', async () => {
    const before = server.types.filter((type) => type === 'log.redacted').length;
    writeFileSync(join(folder(), 'again.json'), JSON.stringify({ field: 'peer.ip', records: [index], by: 'dpo' }));
    await server.server.reload();
    expect(server.types.filter((type) => type === 'log.redacted')).toHaveLength(before + 1);
    expect((await command('audit', 'verify')).code).toBe(0);
    expect(readdirSync(folder())).toEqual([]);
  });

  it('says so where nothing is left to be erased, or it is not said what', async () => {
    expect(await command('audit', 'redact', '--index', String(index))).toMatchObject({ code: 1 });
    expect(await command('audit', 'redact')).toMatchObject({ code: 2 });
    expect(await command('audit', 'redact', '--index', '1', '--subject', 'kari')).toMatchObject({ code: 2 });
  });

  it('puts a request aside that names no value, and records nothing of it', async () => {
    const before = server.types.filter((type) => type === 'log.redacted').length;
    for (const [name, text] of [
      ['a.json', '{'],
      ['b.json', '{"field":"certificate.serial","records":[1],"by":"dpo"}'],
      ['c.json', '{"field":"peer.ip","records":[100000],"by":"dpo"}'],
    ] as const)
      writeFileSync(join(folder(), name), text);
    await server.server.reload();
    expect(existsSync(join(folder(), 'c.json.refused'))).toBe(true);
    expect(readdirSync(folder())).toHaveLength(3);
    expect(server.types.filter((type) => type === 'log.redacted')).toHaveLength(before);
  });
});
