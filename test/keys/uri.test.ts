import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPkcs11Uri, type Pkcs11Uri, parsePkcs11Uri } from '#keys/pkcs11/uri.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('PKCS#11 URIs (RFC 7512)', () => {
  const valid: readonly [string, Pkcs11Uri][] = [
    ['pkcs11:', {}],
    ['PKCS11:object=a', { object: 'a' }],
    ['pkcs11:token=My%20token;object=root', { token: 'My token', object: 'root' }],
    ['pkcs11:object=a;token=b', { token: 'b', object: 'a' }],
    ['pkcs11:object=caf%C3%A9', { object: 'café' }],
    ['pkcs11:object=a&b', { object: 'a&b' }],
    ['pkcs11:object=x=y', { object: 'x=y' }],
    ['pkcs11:slot-id=327', { slotId: 327 }],
    ['pkcs11:type=private', { type: 'private' }],
    ['pkcs11:serial=DECC0401648;manufacturer=Snake%20Oil', { serial: 'DECC0401648', manufacturer: 'Snake Oil' }],
    [
      'pkcs11:object=k?module-path=/usr/lib/p11.so&pin-source=file:/etc/pin',
      { object: 'k', modulePath: '/usr/lib/p11.so', pinSource: 'file:/etc/pin' },
    ],
    ['pkcs11:?module-name=softhsm2', { moduleName: 'softhsm2' }],
  ];
  it.each(valid)('reads %s', (text, wanted) => {
    expect(parsePkcs11Uri(text)).toEqual(wanted);
  });

  it('reads an id as octets, whatever they are', () => {
    expect(hex(parsePkcs11Uri('pkcs11:id=%69%00%FFz').id ?? new Uint8Array())).toBe('6900ff7a');
  });

  const invalid: readonly [string, RegExp][] = [
    ['', /must begin with "pkcs11:"/],
    ['http://x', /must begin with/],
    ['pkcs11:object=a;pin-value=1234', /pin-value puts the PIN where others can read it/],
    ['pkcs11:object=a?pin-value=1234', /use pin-source/],
    ['pkcs11:object=a?pin-value', /use pin-source/],
    ['pkcs11:pbject=a', /unknown attribute "pbject"; before the "\?" there can be token/],
    ['pkcs11:object=a?token=b', /"token" does not belong after the "\?"/],
    ['pkcs11:module-path=/x', /"module-path" does not belong before the "\?"/],
    ['pkcs11:object=a;object=b', /"object" is given twice/],
    ['pkcs11:object', /"object" has no value/],
    ['pkcs11:object=a;', /"" has no value/],
    ['pkcs11:object=', /the value for object is empty/],
    ['pkcs11:id=', /"id" is empty/],
    ['pkcs11:object=%G1', /broken % sequence/],
    ['pkcs11:object=%4', /broken % sequence/],
    ['pkcs11:object=a b', /must be written as %XX/],
    ['pkcs11:object=é', /must be written as %XX/],
    ['pkcs11:object=a#b', /must be written as %XX/],
    ['pkcs11:object=%FF', /is not UTF-8/],
    ['pkcs11:type=key', /type is one of public, private/],
    ['pkcs11:slot-id=-1', /slot-id is a decimal number/],
    ['pkcs11:slot-id=01', /slot-id is a decimal number/],
    ['pkcs11:slot-id=0x1', /slot-id is a decimal number/],
    ['pkcs11:object=a?module-path=/a?pin-source=b', /more than one "\?"/],
    ['pkcs11:constructor=a', /unknown attribute "constructor"/],
    [`pkcs11:object=${'a'.repeat(5000)}`, /longer than 4096/],
  ];
  it.each(invalid)('refuses %s', (text, why) => {
    expect(() => parsePkcs11Uri(text)).toThrow(why);
  });

  it('never repeats a PIN that somebody put into one', () => {
    expect(() => parsePkcs11Uri('pkcs11:object=a?pin-value=sesame')).not.toThrow(/sesame/);
  });

  it('writes what it reads, for every field and every octet', () => {
    const word = fc.string({ unit: 'binary', minLength: 1, maxLength: 32 }).filter((text) => text.isWellFormed());
    const fields = fc.record(
      {
        token: word,
        manufacturer: word,
        model: word,
        serial: word,
        object: word,
        id: fc.uint8Array({ minLength: 1, maxLength: 32 }),
        type: fc.constantFrom('public' as const, 'private' as const, 'cert' as const),
        slotId: fc.nat(),
        modulePath: word,
        pinSource: word,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fields, (uri) => {
        const again = parsePkcs11Uri(formatPkcs11Uri(uri));
        expect({ ...again, id: again.id && hex(again.id) }).toEqual({ ...uri, id: uri.id && hex(uri.id) });
      }),
    );
  });

  it('answers any text with fields or with its own error', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          parsePkcs11Uri(`pkcs11:${text}`);
          return true;
        } catch (thrown) {
          return thrown instanceof Error && thrown.name === 'KeyStoreError';
        }
      }),
    );
  });
});
