import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  commitmentOf,
  type Disclosure,
  disclosed,
  fieldOf,
  opens,
  redactableFields,
  withhold,
} from '#audit/disclosure.ts';
import { completeEntry, decodeEntry, encodeEvent } from '#audit/entry.ts';
import type { AuditEvent } from '#audit/event.ts';
import { Malformed } from '#audit/malformed.ts';
import { redactedBy } from '#audit/redacted.ts';
import { issuedEvent } from './example-event.ts';

const time = '2026-11-21T12:00:00.000Z';
const entryOf = (event: AuditEvent, seq = 0) => decodeEntry(completeEntry(encodeEvent(event), seq, time));

/** With a value at each field that may be kept apart. */
const wholeEvent = (words: readonly string[]): AuditEvent => ({
  ...issuedEvent(0),
  actor: { approvers: words, method: 'token', user: words.join(' ') },
  caller: { authenticator: 'oidc', credential: { issuer: 'https://issuer.example', subject: words[0] ?? '' } },
  peer: { ip: words.at(-1) ?? '192.0.2.7', port: 4_000 },
});
const words = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 4 });

describe('a value beside the log', () => {
  it('comes back whole from any record, by what was taken out of it alone', () => {
    fc.assert(
      fc.property(words, (each) => {
        const { event, disclosures } = withhold(wholeEvent(each), redactableFields);
        expect(disclosures.map(({ field }) => field)).toEqual(redactableFields);
        const entry = entryOf(event);
        for (const field of redactableFields)
          expect(fieldOf(entry, field)).toEqual({ commitment: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
        expect(disclosed(entry, disclosures)).toEqual(entryOf(wholeEvent(each)));
        expect(disclosed(entry, [])).toEqual(entry);
      }),
    );
  });

  it('opens its record no more once any of it is altered, nor another record, nor another field', () => {
    const { event, disclosures } = withhold(wholeEvent(['kari', 'ola']), redactableFields);
    const entry = entryOf(event);
    const other = entryOf(withhold(wholeEvent(['kari', 'ola']), redactableFields).event);
    fc.assert(
      fc.property(
        fc.constantFrom(...disclosures),
        fc.nat(15),
        fc.integer({ min: 1, max: 255 }),
        fc.string(),
        fc.constantFrom(...redactableFields),
        (each, at, bits, text, field) => {
          expect(opens(each, entry) && !opens(each, other)).toBe(true);
          const salt = Uint8Array.from(each.salt, (octet, place) => (place === at ? octet ^ bits : octet));
          const value = JSON.stringify(text);
          const altered: Disclosure[] = [
            { ...each, salt },
            ...(value === each.value ? [] : [{ ...each, value }]),
            ...(field === each.field ? [] : [{ ...each, field }]),
          ];
          expect(altered.filter((one) => opens(one, entry))).toEqual([]);
        },
      ),
    );
  });

  it('is committed to as its page says: SHA-256 over salt, field and value as a list in JSON', () => {
    const disclosure: Disclosure = { field: 'peer.ip', salt: Buffer.alloc(16), value: '"192.0.2.7"' };
    // printf '%s' '["AAAAAAAAAAAAAAAAAAAAAA","peer.ip","\"192.0.2.7\""]' | sha256sum
    expect(commitmentOf(disclosure)).toEqual({
      commitment: 'sha256:cd8cdb83e04ed2c82ada71be747b28511dd2feceda96c7297ad3200adfa350f3',
    });
  });

  it('leaves records alone that have none of the fields, and those that are not asked for', () => {
    expect(withhold(issuedEvent(0), redactableFields)).toEqual({ event: issuedEvent(0), disclosures: [] });
    const { event } = withhold(wholeEvent(['kari']), ['peer.ip']);
    expect(event).toMatchObject({
      actor: { user: 'kari' },
      peer: { ip: { commitment: expect.any(String) }, port: 4_000 },
    });
  });
});

describe('a record log.redacted', () => {
  const record = (redacted: NonNullable<AuditEvent['redacted']>) =>
    entryOf({ type: 'log.redacted', id: issuedEvent(0).id, outcome: 'success', redacted }, 10);

  it('names a field and the records before it', () => {
    expect(redactedBy(record({ field: 'peer.ip', records: [3, 9] }))).toEqual({ field: 'peer.ip', records: [3, 9] });
    expect(redactedBy(entryOf(issuedEvent(0)))).toBeUndefined();
  });

  it.each([
    { field: 'certificate.serial', records: [3] },
    { field: 'peer.ip', records: [] },
    { field: 'peer.ip', records: [9, 3] },
    { field: 'peer.ip', records: [3, 3] },
    { field: 'peer.ip', records: [10] },
    { field: 'peer.ip', records: ['3'] },
    { field: 'peer.ip' },
  ])('is malformed as %j', (redacted) => {
    expect(() => redactedBy(record(redacted))).toThrow(Malformed);
  });
});
