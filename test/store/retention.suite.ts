import { generateKeyPairSync } from 'node:crypto';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCheckpoint, signCheckpoint, softwareCheckpointSigner } from '#audit/checkpoint.ts';
import type { RedactableField } from '#audit/disclosure.ts';
import { decodeEntry } from '#audit/entry.ts';
import type { AuditEvent } from '#audit/event.ts';
import { leafHash } from '#audit/merkle.ts';
import { rootFromInclusion } from '#audit/merkle-proof.ts';
import { Unverified } from '#audit/unverified.ts';
import { verifyDirectory } from '#audit/verify.ts';
import { parseVkey } from '#audit/vkey.ts';
import type { EngineLog } from '#store/engine-log.ts';
import type { Head } from '#store/head.ts';
import { type MoveSource, type MoveTarget, moveLog } from '#store/move/move-log.ts';
import { Publication } from '#store/publication.ts';
import { finishDropping, RetentionRounds } from '#store/retention-rounds.ts';
import { issuedEvent } from '#test/audit/example-event.ts';

/** One store of one engine, and how somebody with its password gets at its rows. */
export interface RetentionEngine {
  open(options: {
    signer: ReturnType<typeof softwareCheckpointSigner>;
    clock: { now: () => number };
    redactable?: readonly RedactableField[];
  }): Promise<EngineLog>;
  readonly publicDirectory: string;
  verify(): Promise<Head>;
  /** Puts the store aside as a backup would, and back. No server has it open. */
  backUp(name: string): Promise<void>;
  restore(name: string): Promise<void>;
  /** The log, to be moved into the other kind of store. */
  source(): Promise<MoveSource>;
  /** Its files as they are, of an engine that has some of its own. */
  octets?(): Buffer;
  /** Statements behind our back. */
  sql(text: string): Promise<void>;
  destroy(): Promise<void>;
}

/** An empty store that a log can be moved into. */
export interface OtherStore {
  target(origin: string): Promise<MoveTarget>;
  verify(): Promise<Head>;
  destroy(): Promise<void>;
}

const day = 86_400_000;
const start = Date.parse('2026-11-21T12:00:00Z');

/** What retention must hold on every engine. */
export function retentionSuite(
  name: string,
  makeEngine: () => Promise<RetentionEngine>,
  otherKind: () => Promise<OtherStore>,
): void {
  describe(`bodies that are dropped on ${name}`, () => {
    const signer = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example.com/retention');
    let now = start;
    const clock = { now: () => now };
    let engine: RetentionEngine;
    let log: EngineLog;
    let whole: string;
    const policyAt = 300;
    const longAt = 600;
    const size = 1_000;

    beforeAll(async () => {
      engine = await makeEngine();
      log = await engine.open({ signer, clock });
      await Promise.all(Array.from({ length: size }, (_, n) => log.append(eventAt(n))));
      await log.publish();
      whole = `${engine.publicDirectory}-whole`;
      cpSync(engine.publicDirectory, whole, { recursive: true });
      await log.close();
      await engine.backUp('older');
      log = await engine.open({ signer, clock });
    });
    afterAll(async () => {
      await log.close();
      rmSync(whole, { recursive: true });
      await engine.destroy();
    });

    /** One policy among them, and one certificate that lives for long. */
    function eventAt(n: number): AuditEvent {
      if (n === policyAt) return { ...issuedEvent(n), type: 'policy.loaded' };
      const event = issuedEvent(n);
      return n === longAt ? { ...event, certificate: { serial: '0a', notAfter: '2027-06-01T00:00:00Z' } } : event;
    }
    const rounds = (ending?: AbortController) =>
      new RetentionRounds(log, {
        bodiesMs: 30 * day,
        archived: async () => undefined,
        delivered: async () => undefined,
        event: ({ from, to, kept }) => {
          ending?.abort();
          return {
            type: 'log.pruned',
            id: `0193b5c0-0000-7000-a000-${from.toString(16).padStart(12, '0')}`,
            outcome: 'success',
            pruned: { from, to, kept, bodiesSeconds: (30 * day) / 1_000 },
          };
        },
      });
    const inventoryCaughtUp = () => log.inventory.find({ serial: 'ff' });
    const published = (path: string) => existsSync(join(engine.publicDirectory, path));
    const verdict = (archive?: string) => verifyDirectory(engine.publicDirectory, signer.vkey, { archive });

    it('nothing goes before its time: not while a certificate holds, nor for the retention time after it', async () => {
      await inventoryCaughtUp();
      now = Date.parse('2026-11-22T00:00:00Z') + 30 * day;
      expect(await rounds().run(now)).toBe(0);
      expect(log.size).toBe(size);
    });

    it('whole bundles go, but for what is of the CA itself, and for one that holds a certificate of longer life', async () => {
      const root = Buffer.from(log.root()).toString('hex');
      now += 1;
      expect(await rounds().run(now)).toBe(511);
      const [record] = (await log.entries(size, size + 1)).map(decodeEntry);
      expect(record).toMatchObject({ type: 'log.pruned', pruned: { from: 0, to: 512, kept: [policyAt] } });
      expect(await log.entry(0)).toBeUndefined();
      expect(await log.entries(290, 310)).toHaveLength(1);
      expect(await log.entries(500, 520)).toHaveLength(8);
      expect(decodeEntry((await log.entry(policyAt)) ?? Buffer.alloc(0)).type).toBe('policy.loaded');
      const path = await log.inclusionProof(policyAt, size);
      const leaf = leafHash((await log.entry(policyAt)) ?? Buffer.alloc(0));
      expect(Buffer.from(rootFromInclusion(leaf, policyAt, size, path) ?? []).toString('hex')).toBe(root);
    });

    it('a second round finds nothing more, and says nothing', async () => {
      const { size: before } = log;
      expect(await rounds().run(now)).toBe(0);
      expect(log.size).toBe(before);
    });

    it('the store verifies, every hash and every body that is left', async () => {
      expect(await engine.verify()).toMatchObject({ size: log.size });
    });

    it('the bundles are no longer published; their hashes and what was kept are, and verify as a whole', async () => {
      expect(published('tile/entries/000') || published('tile/entries/001')).toBe(false);
      expect(published('tile/entries/002') && published('tile/0/000') && published('retained/001')).toBe(true);
      expect((await verdict()).hashesOnly).toEqual([
        { from: 0, to: policyAt },
        { from: policyAt + 1, to: 512 },
      ]);
    });

    it('with a copy of what went, all of it verifies again', async () => {
      expect(await verdict(whole)).toMatchObject({ size: log.size, hashesOnly: [] });
    });

    it('A-13: a bundle that no record drops is missing, and so is a record that was kept', async () => {
      const copy = `${engine.publicDirectory}-copy`;
      for (const [file, index] of [
        ['tile/entries/002', 512],
        ['retained/001', 256],
      ] as const) {
        cpSync(engine.publicDirectory, copy, { recursive: true });
        rmSync(join(copy, file));
        const failure = await verifyDirectory(copy, signer.vkey).catch((thrown: unknown) => thrown);
        expect(failure).toBeInstanceOf(Unverified);
        expect(failure).toMatchObject({ index });
        rmSync(copy, { recursive: true });
      }
    });

    it('published anew, the directory is what it was', async () => {
      await log.close();
      const before = readFileSync(join(engine.publicDirectory, 'retained/001')).toString('hex');
      rmSync(engine.publicDirectory, { recursive: true });
      log = await engine.open({ signer, clock });
      await log.publish();
      expect(readFileSync(join(engine.publicDirectory, 'retained/001')).toString('hex')).toBe(before);
      expect(published('tile/entries/000')).toBe(false);
      expect((await verdict()).size).toBe(log.size);
    });

    it('once closed, the store has left nothing of a dropped body in its files', () => {
      const octets = engine.octets?.() ?? Buffer.from('request-600');
      expect(octets.includes('"request-3"') || octets.includes('"request-200"')).toBe(false);
      expect(octets.includes('request-600')).toBe(true);
    });

    it('the inventory forgets them, and every answer says of how many', async () => {
      const answer = await log.inventory.ask({
        name: 'held',
        filters: { at: start + 1, identity: 'spiffe://cluster.local/ns/demo/sa/web' },
        now,
        limit: 1_000,
      });
      expect(answer.dropped).toBe(511);
      expect(answer.answer === 'records' && answer.records.every(({ index }) => index >= 512)).toBe(true);
      expect(await log.inventory.find({ serial: (5).toString(16).padStart(32, '0') })).toEqual([]);
    });

    it('the directory of another replica loses no bundle before it shows the record that drops it', async () => {
      await log.close();
      const behind = `${engine.publicDirectory}-behind`;
      cpSync(whole, behind, { recursive: true });
      {
        await using source = await engine.source();
        const publication = new Publication(source.tree, behind, `${behind}.guard`);
        await publication.open({ origin: signer.origin, known: [signer.vkey] });
        expect(await publication.withdraw()).toBe(false);
        expect((await verifyDirectory(behind, signer.vkey)).hashesOnly).toEqual([]);
        const { size, root } = await publication.writeTiles();
        publication.writeCheckpoint(size, await signCheckpoint(signer, size, root));
        while (await publication.withdraw());
        expect((await verifyDirectory(behind, signer.vkey)).hashesOnly).toHaveLength(2);
      }
      for (const path of [behind, `${behind}.guard`]) rmSync(path, { recursive: true });
      log = await engine.open({ signer, clock });
    });

    it('what was begun and not finished goes on', async () => {
      await engine.sql(
        `UPDATE dropped SET next = 0; INSERT INTO entry (seq, body) SELECT 7, body FROM entry WHERE seq = ${policyAt}`,
      );
      await expect(engine.verify()).rejects.toMatchObject({ code: 'damaged', index: 7 });
      await rounds().run(now);
      expect(await engine.verify()).toMatchObject({ size: log.size });
    });

    const away = (seq: number) => `UPDATE entry SET seq = 99999 WHERE seq = ${seq}`;
    const back = (seq: number) => `UPDATE entry SET seq = ${seq} WHERE seq = 99999`;
    const behindOurBack: readonly (readonly [name: string, damage: string, undo: string, index: number])[] = [
      ['a body that no record drops', away(700), back(700), 700],
      ['a body that was to be kept', away(policyAt), back(policyAt), policyAt],
      ['the record that drops', away(size), back(size), size],
      [
        'the word of another record',
        `UPDATE dropped SET record = ${policyAt}`,
        `UPDATE dropped SET record = ${size}`,
        policyAt,
      ],
    ];
    it.each(behindOurBack)('A-21: %s, taken away or exchanged behind our back, is found', async (...row) => {
      const [, damage, undo, index] = row;
      await engine.sql(damage);
      const failure = await engine.verify().catch((thrown: unknown) => thrown);
      await engine.sql(undo);
      expect(failure).toMatchObject({ code: 'damaged', index });
    });

    it('moved into another store and back, it is the same log, with the same bodies missing', async () => {
      await log.close();
      const there = await otherKind();
      {
        await using source = await engine.source();
        await using target = await there.target(source.origin);
        await moveLog(source, target, undefined);
        const { records } = await target.tree.dropped();
        expect(records).toMatchObject([{ from: 0, to: 512, kept: [policyAt], record: size }]);
        expect(await target.tree.entry(0)).toBeUndefined();
      }
      expect(await there.verify()).toEqual(await engine.verify());
      await there.destroy();
      log = await engine.open({ signer, clock });
    });

    it('A-24: a store put back from before the bodies were dropped is noticed, and not signed over', async () => {
      await log.close();
      await engine.backUp('newer');
      await engine.restore('older');
      await expect(engine.open({ signer, clock })).rejects.toMatchObject({ code: 'rolled-back' });
      await engine.restore('newer');
      log = await engine.open({ signer, clock });
    });

    it('the bundle that waited is said to go when its certificate has been over for long', async () => {
      await inventoryCaughtUp();
      now = Date.parse('2027-06-01T00:00:00Z') + 30 * day + 1;
      const [before, ending] = [log.size, new AbortController()];
      await rounds(ending).run(now, ending.signal);
      expect([log.size, await log.entry(600)]).toEqual([before + 1, expect.anything()]);
    });

    it('and goes at the next start, if the end came before its first body: whatever is to be dropped by then', async () => {
      await log.close();
      log = await engine.open({ signer, clock });
      const size = log.size;
      await finishDropping(log, new AbortController().signal);
      expect([log.size, await log.entry(600)]).toEqual([size, undefined]);
      expect(log.retention.begun.from).toBeUndefined();
      expect(await engine.verify()).toMatchObject({ size });
      expect((await verdict()).hashesOnly.at(-1)?.to).toBe(768);
      expect(
        openCheckpoint(readFileSync(join(engine.publicDirectory, 'checkpoint')), parseVkey(signer.vkey)).size,
      ).toBe(log.size);
    });
  });
}
