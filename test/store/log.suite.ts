import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CheckpointSigner, openCheckpoint, softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { decodeEntry } from '#audit/entry.ts';
import { leafHash } from '#audit/merkle.ts';
import { isConsistent, rootFromInclusion } from '#audit/merkle-proof.ts';
import { verifyTlogProof } from '#audit/tlog-proof.ts';
import { parseVkey } from '#audit/vkey.ts';
import type { Clock } from '#issuance/ports.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { DurableLog } from '#store/log.ts';
import { deniedEvent, issuedEvent } from '#test/audit/example-event.ts';

export interface EngineOptions {
  readonly signer: CheckpointSigner;
  readonly clock: Clock;
  readonly maxOutstanding?: number;
  readonly maxBatch?: number;
  readonly maxEntry?: number;
}

/** One store of one engine, empty at first; opened and closed as often as a test likes. */
export interface Engine {
  open(options: EngineOptions): Promise<DurableLog>;
  /** Where it publishes. */
  readonly publicDirectory: string;
  destroy(): Promise<void>;
}

const origin = 'log.example.com/suite';
const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex');

/** What every engine must hold. */
export function logSuite(name: string, makeEngine: () => Promise<Engine>): void {
  describe(`a log on ${name}`, () => {
    const signer = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, origin);
    const verifier = parseVkey(signer.vkey);
    let now = Date.parse('2026-11-21T12:00:00Z');
    const clock: Clock = { now: () => now };
    let engine: Engine;
    let log: DurableLog;

    beforeEach(async () => {
      engine = await makeEngine();
      log = await engine.open({ signer, clock });
    });
    afterEach(async () => {
      await log.close();
      await engine.destroy();
    });

    const append = (count: number) => Promise.all(Array.from({ length: count }, (_, n) => log.append(issuedEvent(n))));
    async function reopen(options: Partial<EngineOptions> = {}) {
      await log.close();
      log = await engine.open({ signer, clock, ...options });
    }

    it('A-1: gives each record the index that stands in its entry, without a gap', async () => {
      expect(await append(300)).toEqual(Array.from({ length: 300 }, (_, index) => index));
      const entries = await log.entries(0, 300);
      expect(entries.map((entry) => decodeEntry(entry).seq)).toEqual(Array.from({ length: 300 }, (_, index) => index));
      expect(log.size).toBe(300);
    });

    it('gathers what comes together into few commits', async () => {
      await append(1_000);
      expect(log.metrics.records).toBe(1_000);
      expect(log.metrics.batches).toBeLessThanOrEqual(5);
    });

    it('never puts more than the bound into one commit', async () => {
      await reopen({ maxBatch: 10 });
      await append(95);
      expect(log.metrics.batches).toBeGreaterThanOrEqual(10);
    });

    it('refuses at once with overload when too many records wait', async () => {
      await reopen({ maxOutstanding: 3 });
      const results = await Promise.allSettled(Array.from({ length: 5 }, (_, n) => log.append(issuedEvent(n))));
      expect(results.map(({ status }) => status)).toEqual([
        'fulfilled',
        'fulfilled',
        'fulfilled',
        'rejected',
        'rejected',
      ]);
      const [, , , refused] = results;
      expect(refused?.status === 'rejected' && refused.reason instanceof Refusal && refused.reason.code).toBe(
        'overload',
      );
      expect(log.size).toBe(3);
    });

    it('keeps entries, root and order over a restart', async () => {
      await append(700);
      const [root, entry] = [hex(log.root()), hex(await log.entry(699))];
      await reopen();
      expect(hex(log.root())).toBe(root);
      expect(hex(await log.entry(699))).toBe(entry);
      expect(await log.append(issuedEvent(700))).toBe(700);
    });

    it('A-9: time never runs backwards, not over a restart either', async () => {
      await append(1);
      now -= 3_600_000;
      await log.append(issuedEvent(1));
      await reopen();
      await log.append(issuedEvent(2));
      const times = (await log.entries(0, 3)).map((bytes) => decodeEntry(bytes).time);
      expect(times).toEqual([times[0], times[0], times[0]]);
      expect(log.newestTime).toBe(now + 3_600_000);
      now += 7_200_000;
      await log.append(issuedEvent(3));
      expect(log.newestTime).toBe(now);
    });

    it('refusals stand beside issuances', async () => {
      await log.append(issuedEvent(0));
      await log.append(deniedEvent(1));
      const [, denied] = (await log.entries(0, 2)).map(decodeEntry);
      expect(denied).toMatchObject({ type: 'certificate.denied', outcome: 'denied', reason: 'identity.trust-domain' });
    });

    it('proves inclusion of any record, and consistency of any two sizes', async () => {
      await append(600);
      const early = log.root();
      await append(70);
      for (const index of [0, 255, 256, 511, 512, 599, 669]) {
        const [path, entry] = await Promise.all([log.inclusionProof(index, 670), log.entry(index)]);
        expect(hex(rootFromInclusion(leafHash(entry ?? Buffer.alloc(0)), index, 670, path))).toBe(hex(log.root()));
      }
      const proof = await log.consistencyProof(600, 670);
      expect(isConsistent({ size: 600, root: early }, { size: 670, root: log.root() }, proof)).toBe(true);
      await expect(log.inclusionProof(670, 670)).rejects.toThrow('no leaf 670');
      await expect(log.inclusionProof(0, 671)).rejects.toThrow('the log has 670 records');
    });

    it('a proof file verifies with the public key alone, and not for another entry', async () => {
      await append(20);
      const proof = await log.tlogProof(7);
      const [own, other] = await Promise.all([log.entry(7), log.entry(8)]);
      expect(verifyTlogProof(proof, own ?? Buffer.alloc(0), verifier).size).toBe(20);
      expect(() => verifyTlogProof(proof, other ?? Buffer.alloc(0), verifier)).toThrow('does not lead from this entry');
    });

    it('publishes a checkpoint over all that is durable', async () => {
      await append(10);
      await log.publish();
      const published = openCheckpoint(readFileSync(join(engine.publicDirectory, 'checkpoint')), verifier);
      expect(published).toMatchObject({ origin, size: 10 });
      expect(hex(published.root)).toBe(hex(log.root()));
      expect(log.publishedSize).toBe(10);
    });

    it('says when so many entries are published, and never that there are more than it has', async () => {
      const patient = AbortSignal.timeout(20_000);
      expect(await log.covered(1, patient)).toBe(false);
      await append(10);
      expect(await log.covered(11, AbortSignal.abort())).toBe(false);
      expect(await log.covered(10, patient)).toBe(true);
      expect(log.publishedSize).toBe(10);
      expect(await log.covered(11, patient)).toBe(false);
    });

    it('an event that cannot be written is refused before it has a place', async () => {
      await expect(log.append({ ...issuedEvent(0), message: 'x'.repeat(20_000) })).rejects.toMatchObject({
        code: 'internal',
      });
      await expect(log.append({ ...issuedEvent(0), message: '\ud800' })).rejects.toMatchObject({ code: 'internal' });
      expect(await log.append(issuedEvent(0))).toBe(0);
    });
  });
}
