import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCheckpoint, parseCheckpoint, softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { parseWitnessVkey } from '#audit/cosignature.ts';
import { anyOf, demandQuorum } from '#audit/quorum.ts';
import { parseTrustPolicy } from '#audit/trust-policy.ts';
import { verifyDirectory } from '#audit/verify.ts';
import { parseVkey } from '#audit/vkey.ts';
import type { RunningWitness } from '#server/witness.ts';
import { PostgresLook } from '#store/postgres/look.ts';
import { openPostgresLog } from '#store/postgres/open-log.ts';
import { issuedEvent } from '#test/audit/example-event.ts';
import { describeWith } from '#test/oracles.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { urlOf, WitnessHome } from '#test/witness/witness-home.ts';
import { RemoteWitness } from '#witness/remote-witness.ts';
import { WitnessCircle } from '#witness/witness-circle.ts';

const signer = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example.com/witnessed');

describeWith(['postgres'], 'replicas that have one witness', () => {
  const home = mkdtempSync(join(tmpdir(), 'countersign-witnessed-'));
  const witnessHome = new WitnessHome([signer.vkey], { kinds: ['ed25519'] });
  const held = {} as { server: PostgresServer; witness: RunningWitness };
  beforeAll(async () => {
    Object.assign(held, { server: await PostgresServer.start(), witness: await witnessHome.open() });
  });
  afterAll(async () => {
    await held.witness.close();
    await held.server[Symbol.asyncDispose]();
    witnessHome[Symbol.dispose]();
    rmSync(home, { recursive: true });
  });

  const policy = parseTrustPolicy(Buffer.from(`log ${signer.vkey}\nwitness w ${witnessHome.vkeys[0]}\nquorum w\n`));

  function open(name: string, url = urlOf(held.witness)) {
    const keys = witnessHome.vkeys.map(parseWitnessVkey);
    const witnesses = [new RemoteWitness({ name: 'w', keys, url, timeoutMs: 5_000 })];
    const disputes: string[] = [];
    const cosigning = new WitnessCircle({
      witnesses,
      quorum: anyOf(1, witnesses),
      without: 'withhold',
      clock: { now: () => Date.now() },
      onRound: () =>
        disputes.push(...cosigning.standings.flatMap(({ isDisputed, problem }) => (isDisputed ? [problem ?? ''] : []))),
      onAsked: () => {},
    });
    const at = (part: string) => join(home, name, part);
    const log = openPostgresLog({
      settings: held.server.settings('witnessed'),
      ...{ directory: at('store'), publicDirectory: at('public'), guard: at('guard'), publishInterval: 20 },
      ...{ signer, clock: { now: () => Date.now() }, cosigning },
    });
    return { log, disputes, published: at('public') };
  }

  it('A-19: each publishes what was cosigned, none takes the other for a forger, and the next one takes up from either', async () => {
    const replicas = ['one', 'two', 'three'].map((name) => open(name));
    const logs = await Promise.all(replicas.map(({ log }) => log));
    for (let n = 0; n < 60; n++) await Promise.all(logs.map((log, at) => log.append(issuedEvent(n * 10 + at))));
    for (const [at, { published, disputes }] of replicas.entries()) {
      await logs[at]?.close();
      const { size } = await verifyDirectory(published, signer.vkey, { policy });
      expect(size).toBe(180);
      expect(disputes).toEqual([]);
    }
    const [row] = await held.server.sql('SELECT size, note FROM witnessed.signed');
    expect(parseCheckpoint(Buffer.from(String(row?.note)))).toMatchObject({ size: 180 });
    const next = open('one');
    const log = await next.log;
    await log.append(issuedEvent(1_000));
    await log.close();
    expect(parseCheckpoint(readFileSync(join(next.published, 'checkpoint'))).size).toBe(181);
  });

  it('A-19: what a replica has signed and no witness has seen is kept in the database, and shown there is what was cosigned last', async () => {
    const look = new PostgresLook(held.server.settings('witnessed'));
    const shown = async () => {
      const { note, size } = openCheckpoint(Buffer.from((await look.checkpoint()) ?? ''), parseVkey(signer.vkey));
      expect(demandQuorum(note, policy.witnesses, policy.quorum).size).toBe(1);
      return size;
    };
    const unseen = await open('unseen', 'http://127.0.0.1:1/').log;
    await unseen.append(issuedEvent(2_000));
    await unseen.publish();
    expect(await held.server.sql('SELECT size::int FROM witnessed.signed')).toEqual([{ size: 182 }]);
    expect(await shown()).toBe(181);
    await unseen.close();
    const seen = await open('two').log;
    await seen.publish();
    expect(await shown()).toBe(182);
    await seen.close();
    await look.close();
  });
});
