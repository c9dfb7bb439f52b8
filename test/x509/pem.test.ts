import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PemError, readPem, readPemBlocks, toPem } from '#x509/pem.ts';

const label = ['CERTIFICATE'];
const octets = fc.uint8Array({ minLength: 1, maxLength: 500 });

describe('PEM', () => {
  it('what is written is read, and is what every other tool writes', () => {
    fc.assert(
      fc.property(octets, (der) => {
        const pem = toPem('CERTIFICATE', der);
        expect(readPem(pem, label)).toEqual(der);
        expect(pem).toMatch(
          /^-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/=]{1,64}\n-----END CERTIFICATE-----\n$/,
        );
      }),
    );
  });

  it('P-35: line ends of either kind, and none at the end, are the same block', () => {
    fc.assert(
      fc.property(octets, fc.infiniteStream(fc.boolean()), (der, choices) => {
        const mixed = toPem('CERTIFICATE', der).replace(/\n/g, () => (choices.next().value ? '\r\n' : '\n'));
        expect(readPem(mixed, label)).toEqual(der);
        expect(readPem(mixed.trimEnd(), label)).toEqual(der);
      }),
    );
  });

  it('one character replaced by another either is refused or changes the octets', () => {
    fc.assert(
      fc.property(octets, fc.nat(), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), (der, at, character) => {
        const pem = toPem('CERTIFICATE', der);
        const position = at % (pem.length - 1);
        if (pem[position] === character) return;
        const changed = pem.slice(0, position) + character + pem.slice(position + 1);
        let read: Uint8Array;
        try {
          read = readPem(changed, label);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(PemError);
          return;
        }
        expect(read).not.toEqual(der);
      }),
      { numRuns: 2000 },
    );
  });

  it('several blocks come in their order, with whitespace between and nothing else', () => {
    fc.assert(
      fc.property(fc.array(octets, { minLength: 1, maxLength: 5 }), (ders) => {
        const text = ders.map((der) => toPem('CERTIFICATE', der)).join('\n');
        expect(readPemBlocks(text, label, 5).map(({ der }) => der)).toEqual(ders);
        expect(() => readPemBlocks(`${text}x`, label, 5)).toThrow(PemError);
      }),
    );
  });

  it('more blocks than allowed, and another label among them, are refused', () => {
    const one = toPem('CERTIFICATE', Uint8Array.of(1));
    expect(() => readPemBlocks(one.repeat(3), label, 2)).toThrow(/more than 2 blocks on line 7/);
    expect(() => readPemBlocks(one + toPem('X509 CRL', Uint8Array.of(1)), label, 2)).toThrow(/expected .*BEGIN CERT/);
    expect(
      readPemBlocks(one + toPem('X509 CRL', Uint8Array.of(2)), [...label, 'X509 CRL'], 2).map((b) => b.label),
    ).toEqual(['CERTIFICATE', 'X509 CRL']);
    expect(() => readPemBlocks('', label, 2)).toThrow(PemError);
  });

  it('a refusal names the line', () => {
    const pem = toPem('CERTIFICATE', new Uint8Array(200));
    const broken = pem.replace(/\n(A{64})\n(A{64})\n/, '\n$1\n%$2\n');
    expect(() => readPem(broken, label)).toThrow(/not base64 on line 3/);
    expect(() => readPem(pem + pem, label)).toThrow(/a second block on line 8/);
  });
});
