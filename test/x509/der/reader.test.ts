import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { oidBytes, oidText } from '#x509/der/oid.ts';
import { DerError, DerReader, maxDepth } from '#x509/der/reader.ts';
import { readString } from '#x509/der/strings.ts';
import { tag } from '#x509/der/tags.ts';
import { checkWellFormed } from '#x509/der/well-formed.ts';
import {
  bitString,
  boolean,
  element,
  headerLength,
  integer,
  namedBits,
  nothing,
  octetString,
  oid,
  sequence,
  setOf,
  text,
  unsignedInteger,
} from '#x509/der/writer.ts';

const hex = (digits: string) => Uint8Array.from(Buffer.from(digits.replaceAll(' ', ''), 'hex'));
const read = <T>(der: Uint8Array, how: (reader: DerReader) => T): T => {
  const reader = DerReader.over(der);
  const value = how(reader);
  reader.finish();
  return value;
};
const bytes = (max: number) => fc.uint8Array({ maxLength: max });

/** Any well-formed DER value, nested a few deep. */
const { value: anyDer } = fc.letrec<{ value: Uint8Array; leaf: Uint8Array }>((tie) => ({
  leaf: fc.oneof(
    fc.boolean().map(boolean),
    fc.bigInt({ min: 0n, max: 1n << 600n }).map(integer),
    bytes(300).map((each) => octetString(each)),
    bytes(20).map(bitString),
    fc.integer({ min: 0, max: 0xffffff }).map(namedBits),
    fc.string({ unit: 'binary' }).map((each) => text(tag.utf8String, each)),
    fc.constant(nothing()),
    fc.integer({ min: 0, max: 30 }).map((n) => element(0x80 | n)),
  ),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc.array(tie('value'), { maxLength: 4 }).map((each) => sequence(...each)),
    fc.array(tie('value'), { maxLength: 4 }).map((each) => setOf(...each)),
    fc.array(tie('value'), { maxLength: 3 }).map((each) => element(0xa1, ...each)),
  ),
}));

describe('what the writer writes, the reader reads', () => {
  it('any value is well-formed', () => {
    fc.assert(
      fc.property(anyDer, (der) => checkWellFormed(DerReader.over(der))),
      { numRuns: 500 },
    );
  });

  it('no proper prefix of a value is well-formed, nor the value and one octet', () => {
    fc.assert(
      fc.property(anyDer, fc.nat(), (der, at) => {
        const prefix = der.subarray(0, at % der.length);
        if (prefix.length > 0) expect(() => checkWellFormed(DerReader.over(prefix))).toThrow(DerError);
        expect(() => checkWellFormed(DerReader.over(Uint8Array.from([...der, 0])))).toThrow(DerError);
      }),
      { numRuns: 500 },
    );
  });

  it('numbers, bits, octets and booleans come back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0x7fffffff }),
        fc.integer({ min: 0, max: 0xffffff }),
        bytes(400),
        fc.boolean(),
        (n, bits, octets, yes) => {
          expect(read(integer(n), (reader) => reader.smallInteger())).toBe(n);
          expect(read(namedBits(bits), (reader) => reader.namedBits())).toBe(bits);
          expect(read(octetString(octets), (reader) => reader.octetString())).toEqual(octets);
          expect(read(bitString(octets), (reader) => reader.bitOctets())).toEqual(octets);
          expect(read(boolean(yes), (reader) => reader.boolean())).toBe(yes);
          expect(
            Buffer.from(unsignedInteger(octets)).equals(integer(BigInt(`0x0${Buffer.from(octets).toString('hex')}`))),
          ).toBe(true);
        },
      ),
    );
  });

  it('object identifiers come back, large arcs included', () => {
    const arc = fc.bigInt({ min: 0n, max: 1n << 80n });
    const dotted = fc.oneof(
      fc.tuple(
        fc.constantFrom(0n, 1n),
        fc.bigInt({ min: 0n, max: 39n }),
        fc.array(arc, { minLength: 0, maxLength: 8 }),
      ),
      fc.tuple(fc.constant(2n), arc, fc.array(arc, { maxLength: 8 })),
    );
    fc.assert(
      fc.property(dotted, ([a, b, rest]) => {
        const name = [a, b, ...rest].join('.');
        expect(oidText(oidBytes(name))).toBe(name);
        expect(read(oid(name), (reader) => oidText(reader.oid()))).toBe(name);
      }),
    );
    for (const bad of ['', '1', '3.1', '1.40', '1.2.', '1.02', 'a.b', '1.-2'])
      expect(() => oidBytes(bad)).toThrow(RangeError);
  });

  it('lengths are shortest at every boundary', () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65535, 65536]) {
      const der = octetString(new Uint8Array(length));
      expect(der.length).toBe(headerLength(length) + length);
      expect(read(der, (reader) => reader.octetString()).length).toBe(length);
    }
  });
});

const derInvalid: readonly (readonly [string, string, (reader: DerReader) => unknown])[] = [
  ['indefinite length', '3080 0000', (r) => r.sequence()],
  ['length of one octet that fits in the short form', '04817f', (r) => r.octetString()],
  ['length with a leading zero', '048200 80', (r) => r.octetString()],
  ['length of four octets', '0484 00000001 00', (r) => r.octetString()],
  ['length past the end', '0402 00', (r) => r.octetString()],
  ['length cut off', '0482 01', (r) => r.octetString()],
  ['nothing', '', (r) => r.sequence()],
  ['identifier only', '30', (r) => r.sequence()],
  ['high tag number', '1f1f00', (r) => r.skip()],
  ['another tag', '0400', (r) => r.sequence()],
  ['BOOLEAN 01', '010101', (r) => r.boolean()],
  ['empty BOOLEAN', '0100', (r) => r.boolean()],
  ['empty INTEGER', '0200', (r) => r.integer()],
  ['INTEGER 0000', '02020000', (r) => r.integer()],
  ['INTEGER ffff', '0202ffff', (r) => r.integer()],
  ['negative where none may be', '0201ff', (r) => r.smallInteger()],
  ['INTEGER of 2^31', '02050080000000', (r) => r.smallInteger()],
  ['empty OID', '0600', (r) => r.oid()],
  ['OID arc 8001', '06028001', (r) => r.oid()],
  ['OID cut off', '06022a86', (r) => r.oid()],
  ['empty BIT STRING', '0300', (r) => r.bitString()],
  ['eight unused bits', '03020800', (r) => r.bitString()],
  ['unused bits of nothing', '030101', (r) => r.bitString()],
  ['unused bit set', '03020101', (r) => r.bitString()],
  ['bits where octets are wanted', '03020180', (r) => r.bitOctets()],
  ['named bits with a trailing zero', '03020680', (r) => r.namedBits()],
  ['named bits of one zero octet', '03020000', (r) => r.namedBits()],
  ['NULL with content', '050100', (r) => r.null()],
  ['IA5String of 80', '160180', readString],
  ['PrintableString with *', '13012a', readString],
  ['NumericString with a letter', '120141', readString],
  ['UTF8String with a surrogate', '0c03eda080', readString],
  ['BMPString with a surrogate', '1e02d800', readString],
  ['UniversalString of three octets', '1c03000041', readString],
  ['UniversalString past Unicode', '1c0400110000', readString],
  ['a string that is none', '020101', readString],
];

describe('the reader refuses', () => {
  it.each(derInvalid)('%s', (_, digits, how) => {
    expect(() => read(hex(digits), how)).toThrow(DerError);
  });

  it('octets left over, in the middle and at the end', () => {
    expect(() => read(hex('0500 00'), (reader) => reader.null())).toThrow(/left over at octet 2/);
    const inner = DerReader.over(hex('3004 0500 0500')).sequence();
    inner.null();
    expect(() => inner.finish()).toThrow(/left over at octet 4/);
  });

  it('a child that reaches past its parent', () => {
    expect(() => DerReader.over(hex('3003 0402 0000 00')).sequence().octetString()).toThrow(DerError);
  });

  it(`nesting deeper than ${maxDepth}, at a depth that cannot exhaust the stack`, () => {
    let der: Uint8Array = nothing();
    for (let depth = 1; depth <= maxDepth; depth++) der = sequence(der);
    expect(() => checkWellFormed(DerReader.over(der))).not.toThrow();
    expect(() => checkWellFormed(DerReader.over(sequence(der)))).toThrow(/deeper/);
  });

  it('SET OF out of order, anywhere', () => {
    const set = element(tag.set, integer(2), integer(1));
    expect(() => checkWellFormed(DerReader.over(sequence(sequence(set))))).toThrow(/sorted/);
    expect(() => checkWellFormed(DerReader.over(element(tag.set, integer(1), integer(1))))).not.toThrow();
  });

  it('arbitrary octets with a DerError or not at all', () => {
    fc.assert(
      fc.property(bytes(60), (octets) => {
        try {
          checkWellFormed(DerReader.over(octets));
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(DerError);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe('strings', () => {
  it.each([
    ['UTF8String', '0c02c3a9', 'é'],
    ['UTF8String that begins with a byte order mark', '0c04efbbbf41', '\ufeffA'],
    ['PrintableString of zero length', '1300', ''],
    ['T61String', '1401e9', 'é'],
    ['BMPString', '1e0400410416', 'AЖ'],
    ['UniversalString', '1c040001f600', '😀'],
    ['IA5String', '1603613d62', 'a=b'],
    ['NumericString', '12033120 32', '1 2'],
  ])('%s', (_, digits, wanted) => {
    expect(read(hex(digits), readString)).toBe(wanted);
  });
});
