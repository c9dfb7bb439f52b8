import { generateKeyPairSync } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { disclosed, opens, type PlacedDisclosure, type RedactableField } from '#audit/disclosure.ts';
import { decodeEntry } from '#audit/entry.ts';
import type { AuditEvent } from '#audit/event.ts';
import { entrySchema } from '#audit/schema.ts';
import type { EngineLog } from '#store/engine-log.ts';
import { moveLog } from '#store/move/move-log.ts';
import { RetentionRounds } from '#store/retention-rounds.ts';
import { issuedEvent } from '#test/audit/example-event.ts';
import type { OtherStore, RetentionEngine } from './retention.suite.ts';

const address = '192.0.2.77';
const person = 'kari.nordmann@example.org';
const day = 86_400_000;
const start = Date.parse('2026-11-21T12:00:00Z');

/** What the erasure of values beside the log must hold on every engine. */
export function redactionSuite(
  name: string,
  makeEngine: () => Promise<RetentionEngine>,
  otherKind: () => Promise<OtherStore>,
): void {
  describe(`values that can be erased on ${name}`, () => {
    const signer = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example.com/redaction');
    const redactable: readonly RedactableField[] = ['peer.ip', 'actor.user'];
    const clock = { now: () => start };
    const size = 300;
    let engine: RetentionEngine;
    let log: EngineLog;
    const open = () => engine.open({ signer, clock, redactable });

    beforeAll(async () => {
      engine = await makeEngine();
      log = await open();
      await Promise.all(Array.from({ length: size }, (_, n) => log.append(eventAt(n))));
      await log.publish();
    });
    afterAll(async () => {
      await log.close();
      await engine.destroy();
    });

    const eventAt = (n: number): AuditEvent => ({
      ...issuedEvent(n),
      peer: { ip: address, port: 4_000 + n },
      ...(n === 7 && { actor: { method: 'token', user: person } }),
    });
    const entryAt = async (index: number) => decodeEntry((await log.entry(index)) ?? Buffer.alloc(0));
    /** Of the store itself, which is closed meanwhile. */
    async function kept(from = 0, to = size): Promise<readonly PlacedDisclosure[]> {
      await log.close();
      try {
        await using source = await engine.source();
        return await source.tree.disclosures(from, to);
      } finally {
        log = await open();
      }
    }
    const redaction = (field: RedactableField, records: readonly number[]): AuditEvent => ({
      type: 'log.redacted',
      id: `0193b5c0-0000-7000-b000-${records.join('').padStart(12, '0')}`,
      outcome: 'success',
      redacted: { field, records },
    });
    async function erase(field: RedactableField, records: readonly number[]): Promise<number> {
      const record = await log.append(redaction(field, records));
      await log.publish();
      await log.retention.erase(record);
      return record;
    }

    it('A-1: an entry holds a commitment instead, valid by the schema; beside it lies what opens it', async () => {
      const entry = await entryAt(7);
      expect(entry).toMatchObject({
        peer: { ip: { commitment: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) }, port: 4_007 },
        actor: { method: 'token', user: { commitment: expect.stringMatching(/^sha256:/) } },
      });
      expect([...Value.Errors(entrySchema, entry)]).toEqual([]);
      const beside = await kept(7, 8);
      expect(beside.map(({ field, value }) => [field, JSON.parse(value)])).toEqual([
        ['actor.user', person],
        ['peer.ip', address],
      ]);
      expect(beside.every((each) => each.salt.length === 16 && opens(each, entry))).toBe(true);
      expect(disclosed(entry, beside)).toMatchObject({ peer: { ip: address }, actor: { user: person } });
    });

    it('commits to equal values differently, each time', async () => {
      const entries = (await log.entries(0, size)).map(decodeEntry);
      expect(new Set(entries.map(({ peer }) => JSON.stringify(Object(peer).ip))).size).toBe(size);
    });

    it('publishes commitments alone', () => {
      const files = globSync('**', { cwd: engine.publicDirectory, withFileTypes: true }).filter((each) =>
        each.isFile(),
      );
      const octets = files.map((each) => readFileSync(join(each.parentPath, each.name)));
      expect(octets.some((file) => file.includes('"commitment":"sha256:'))).toBe(true);
      expect(octets.some((file) => file.includes(address) || file.includes(person))).toBe(false);
    });

    it('erases what a record says, and no more; the root stays, and all of it verifies', async () => {
      const [root, before] = [Buffer.from(log.root()), await entryAt(7)];
      const path = await log.inclusionProof(7, size);
      await erase('actor.user', [7]);
      expect((await kept(7, 8)).map(({ field }) => field)).toEqual(['peer.ip']);
      expect(await kept()).toHaveLength(size);
      expect(await entryAt(7)).toEqual(before);
      expect(await log.inclusionProof(7, size)).toEqual(path);
      expect(Buffer.from(log.root())).not.toEqual(root);
      expect(await engine.verify()).toMatchObject({ size: log.size });
    });

    it('leaves nothing of an erased value in the files of the store', () => {
      const octets = engine.octets?.();
      expect(octets?.includes(person) ?? false).toBe(false);
      expect(octets?.includes(address) ?? true).toBe(true);
    });

    if (name.startsWith('PostgreSQL'))
      it('erases nothing on the word of another record, or of one that nobody has signed', async () => {
        await expect(log.retention.erase(3)).rejects.toThrow('entry 3 erases nothing');
        await expect(engine.sql(`SELECT erase_disclosures(${size * 2})`)).rejects.toThrow('under no signed checkpoint');
        expect(await kept()).toHaveLength(size);
      });

    const address9 = "seq = 9 AND field = 'peer.ip'";
    const behindOurBack: readonly (readonly [name: string, damage: string, undo: string, index: number])[] = [
      [
        'a value that was altered',
        `UPDATE disclosure SET value = '"192.0.2.78"' WHERE ${address9}`,
        `UPDATE disclosure SET value = '"${address}"' WHERE ${address9}`,
        9,
      ],
      [
        'a value of another field',
        `UPDATE disclosure SET field = 'actor.user' WHERE ${address9}`,
        "UPDATE disclosure SET field = 'peer.ip' WHERE seq = 9",
        9,
      ],
      [
        'a value beside no entry',
        'UPDATE disclosure SET seq = 99999 WHERE seq = 9',
        'UPDATE disclosure SET seq = 9 WHERE seq = 99999',
        99_999,
      ],
    ];
    it.each(behindOurBack)('A-21: %s is found', async (...row) => {
      const [, damage, undo, index] = row;
      await engine.sql(damage);
      const failure = await engine.verify().catch((thrown: unknown) => thrown);
      await engine.sql(undo);
      expect(failure).toMatchObject({ code: 'damaged', index });
    });

    it('moved into another store, the log has the same values beside it, and can lose them there', async () => {
      const before = await kept();
      await log.close();
      const there = await otherKind();
      {
        await using source = await engine.source();
        await using target = await there.target(source.origin);
        await moveLog(source, target, undefined);
        const moved = await target.tree.disclosures(0, size);
        expect(moved.map((each) => ({ ...each, salt: Buffer.from(each.salt) }))).toEqual(
          before.map((each) => ({ ...each, salt: Buffer.from(each.salt) })),
        );
      }
      expect(await there.verify()).toEqual(await engine.verify());
      await there.destroy();
      log = await open();
    });

    it('drops them with the bodies that they belong to', async () => {
      await log.inventory.find({ serial: 'ff' });
      const rounds = new RetentionRounds(log, {
        bodiesMs: day,
        archived: async () => undefined,
        delivered: async () => undefined,
        event: (pruned) => ({ ...redaction('peer.ip', [0]), type: 'log.pruned', redacted: {}, pruned: { ...pruned } }),
      });
      expect(await rounds.run(Date.parse('2026-11-24T00:00:00Z'))).toBe(256);
      expect((await kept()).map(({ index }) => index)[0]).toBe(256);
      expect(await engine.verify()).toMatchObject({ size: log.size });
    });
  });
}
