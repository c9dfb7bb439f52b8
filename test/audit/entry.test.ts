import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '#audit/canonical.ts';
import { completeEntry, decodeEntry, encodeEvent, entryLimit } from '#audit/entry.ts';
import { type AuditEvent, eventTypes } from '#audit/event.ts';
import { Malformed } from '#audit/malformed.ts';
import { entrySchema } from '#audit/schema.ts';
import { uuidSource, uuidv7 } from '#audit/uuid.ts';
import { deniedEvent, issuedEvent } from './example-event.ts';

const time = '2026-11-21T12:00:00.000Z';
const entryOf = (event: AuditEvent, seq = 7) => completeEntry(encodeEvent(event), seq, time);
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

describe('entry', () => {
  it('A-1: the writer of fixed order writes what the canonicaliser writes, whatever is in the record', () => {
    fc.assert(
      fc.property(anyEvent(), fc.nat(), (event, seq) => {
        expect(text(entryOf(event, seq))).toBe(canonicalJson({ ...event, seq, time, v: 1 }));
      }),
      { numRuns: 200 },
    );
  });

  it('A-1: what is written reads back', () => {
    const entry = decodeEntry(entryOf(issuedEvent(3)));
    expect(entry).toMatchObject({ ...issuedEvent(3), seq: 7, time, v: 1 });
  });

  it('counts its octets, not its characters', () => {
    const encoded = encodeEvent({ ...issuedEvent(0), message: '\u20ac\ud83d\ude00' });
    expect(encoded.length).toBe(Buffer.byteLength(encoded.head + encoded.tail));
  });

  const valid = text(entryOf(deniedEvent(1)));
  const hostile: readonly (readonly [name: string, text: string])[] = [
    ['a space', valid.replace(',', ', ')],
    ['members out of order', valid.replace(/^\{("door":"[^"]*"),("id":"[^"]*")/, '{$2,$1')],
    ['a member twice', valid.replace('"v":1', '"v":1,"v":1')],
    ['an escape that need not be', valid.replace('istio', '\\u0069stio')],
    ['a fraction', valid.replace('"seq":7', '"seq":7.5')],
    ['another version', valid.replace('"v":1', '"v":2')],
    ['an unknown type', valid.replace('certificate.denied', 'certificate.lost')],
    ['a time that is none', valid.replace(time, '2026-02-30T12:00:00.000Z')],
    ['a time of another precision', valid.replace('.000Z', 'Z')],
    ['null', valid.replace('"istio"', 'null')],
    ['no object', '[]'],
    ['no JSON', valid.slice(1)],
    ['a byte order mark', `\ufeff${valid}`],
  ];
  it.each(hostile)('A-1: is refused with %s', (_, changed) => {
    expect(changed).not.toBe(valid);
    expect(() => decodeEntry(Buffer.from(changed))).toThrow(Malformed);
  });

  it('is refused when it is not UTF-8', () => {
    const bytes = Buffer.from(valid);
    bytes[10] = 0xff;
    expect(() => decodeEntry(bytes)).toThrow('UTF-8');
  });

  it('refuses a member that records do not have', () => {
    const event = { ...issuedEvent(0), token: 'secret' };
    expect(() => encodeEvent(event)).toThrow('no member token');
  });
});

describe('size of an entry', () => {
  it('A-16: an entry of 65,535 octets is accepted, one of 65,536 refused before it has a place', () => {
    const most = Number.MAX_SAFE_INTEGER;
    const room = 65_535 - completeEntry(encodeEvent({ ...issuedEvent(0), message: '' }), most, time).length;
    const fits = encodeEvent({ ...issuedEvent(0), message: 'x'.repeat(room) }, 65_535);
    expect(completeEntry(fits, most, time)).toHaveLength(65_535);
    expect(() => encodeEvent({ ...issuedEvent(0), message: 'x'.repeat(room + 1) }, 65_535)).toThrow('record of');
    expect(() => encodeEvent({ ...issuedEvent(0), message: 'x'.repeat(room + 1) }, 1_000_000)).toThrow('record of');
  });

  it('A-1: over 16 KiB the certificate is left out, and the entry says so', () => {
    const der = Buffer.alloc(12_300).toString('base64');
    const entry = decodeEntry(entryOf({ ...issuedEvent(0), certificateDer: der }));
    expect(entry.certificateDer).toBeUndefined();
    expect(entry.dropped).toEqual(['certificateDer']);
    expect(() => encodeEvent({ ...issuedEvent(0), certificateDer: der, message: 'x'.repeat(entryLimit) })).toThrow(
      'is over the log',
    );
  });

  it('A-4: a certificate within the bound stays in the record', () => {
    const certificateDer = Buffer.alloc(900, 7).toString('base64');
    expect(decodeEntry(entryOf({ ...issuedEvent(0), certificateDer })).certificateDer).toBe(certificateDer);
  });
});

describe('published schema', () => {
  const ajv = new Ajv({ strict: true, allErrors: true });
  const validate = ajv.compile(entrySchema);
  const value = (event: AuditEvent): unknown => JSON.parse(text(entryOf(event)));

  it('A-1: is the one that the code holds', () => {
    const published = readFileSync(new URL('../../src/audit/entry.schema.json', import.meta.url), 'utf8');
    expect(JSON.parse(published)).toEqual(JSON.parse(JSON.stringify(entrySchema)));
  });

  it.each(eventTypes)('A-1: admits %s', (type) => {
    expect(validate(value({ ...deniedEvent(0), type })), JSON.stringify(validate.errors)).toBe(true);
  });

  it('A-4: admits an issuance from which the decision can be rebuilt', () => {
    expect(validate(value(wholeIssuance)), JSON.stringify(validate.errors)).toBe(true);
  });

  it('A-7: admits a change of policy with both hashes, the difference and the actor', () => {
    const event: AuditEvent = {
      type: 'policy.loaded',
      id: '0193b5c0-0000-7000-8000-000000000000',
      outcome: 'success',
      actor: { approvers: ['bo'], method: 'file', user: 'ann' },
      change: {
        afterSha256: 'ab'.repeat(32),
        beforeSha256: 'cd'.repeat(32),
        diff: ['-ttl: 1h', '+ttl: 2h'],
        kind: 'policy',
      },
    };
    expect(validate(value(event)), JSON.stringify(validate.errors)).toBe(true);
  });

  const strange: readonly (readonly [name: string, event: AuditEvent])[] = [
    ['a refusal without its reason', { type: 'certificate.denied', id: deniedEvent(0).id, outcome: 'denied' }],
    ['a token among the facts of a credential', { ...issuedEvent(0), caller: { credential: { token: 'x' } } }],
    ['an id that is no UUIDv7', { ...issuedEvent(0), id: '0193b5c0-0000-4000-8000-000000000000' }],
    ['a serial that is not hexadecimal', { ...issuedEvent(0), certificate: { serial: 'xyz' } }],
  ];
  it.each(strange)('refuses %s', (_, event) => {
    expect(validate(value(event))).toBe(false);
  });
});

describe('UUIDv7', () => {
  it('is the example of RFC 9562 appendix A.6', () => {
    const random = Buffer.from('0cc3' + '18c4dc0c0c07398f', 'hex');
    expect(uuidv7(0x017f22e279b0, random)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  });

  it('sorts by time and never repeats', () => {
    let now = 1_764_000_000_000;
    let seed = 0;
    const next = uuidSource(
      () => now++,
      (length) => Uint8Array.from({ length }, () => (seed = (seed * 31 + 7) % 251)),
    );
    const ids = Array.from({ length: 500 }, next);
    expect(new Set(ids).size).toBe(500);
    expect(ids.toSorted()).toEqual(ids);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

const wholeIssuance: AuditEvent = {
  ...issuedEvent(0),
  instance: { bootId: 'b', host: 'h', pod: 'p', version: '0.1.0' },
  peer: { ip: '10.0.0.1', port: 4_000, tls: { cipher: 'TLS_AES_128_GCM_SHA256', version: 'TLSv1.3' } },
  asked: {
    csrSignature: 'ecdsa-sha256',
    key: { curve: 'P-256', spkiSha256: 'ab'.repeat(32), type: 'EC' },
    sans: [],
    ttl: 86_400,
  },
  decision: {
    clamped: { from: 90_000, to: 86_400 },
    mode: 'enforce',
    policy: 'mesh',
    policySetId: 'ef'.repeat(32),
    priority: 1,
  },
  certificateDer: Buffer.alloc(700, 1).toString('base64'),
};

function anyEvent(): fc.Arbitrary<AuditEvent> {
  const short = fc.string({ unit: 'grapheme', maxLength: 12 });
  const facts = fc.dictionary(short, fc.oneof(short, fc.integer(), fc.array(short, { maxLength: 3 })), {
    maxKeys: 4,
    noNullPrototype: true,
  });
  return fc.record(
    {
      type: fc.constantFrom(...eventTypes),
      id: short,
      outcome: fc.constantFrom('success', 'denied', 'failed'),
      reason: short,
      message: short,
      instance: facts,
      door: short,
      request: facts,
      peer: facts,
      caller: facts,
      onBehalfOf: facts,
      asked: facts,
      decision: facts,
      certificate: facts,
      certificateDer: short,
      revocation: facts,
      key: facts,
      actor: facts,
      change: facts,
      clock: facts,
      export: facts,
      prev: facts,
      count: fc.nat(),
    },
    { requiredKeys: ['type', 'id', 'outcome'], noNullPrototype: true },
  );
}
