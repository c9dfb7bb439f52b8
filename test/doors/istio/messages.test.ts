import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCertificateRequest } from '#doors/istio/certificate-request.ts';
import { ResponseEncoder } from '#doors/istio/certificate-response.ts';
import { FrameReader, frame } from '#doors/istio/framing.ts';
import { bytesField, MalformedMessage } from '#doors/istio/protobuf.ts';
import { Refusal } from '#refusal/refusal.ts';
import { decodeChain, encodeRequest, judge, type Value } from './codec.ts';

const pem = (name: string) => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`;
const facts = (over: object = {}) => ({
  leaf: pem('leaf'),
  intermediates: [pem('one'), pem('two')],
  roots: pem('old') + pem('new'),
  leafIndex: 1,
  serial: '01',
  notAfter: 1,
  ...over,
});

describe('an IstioCertificateRequest', () => {
  const values: readonly (readonly [string, Value])[] = [
    ['a number', { numberValue: 4 }],
    ['a boolean', { boolValue: true }],
    ['null', { nullValue: 'NULL_VALUE' }],
    ['a list of strings', { listValue: { values: [{ stringValue: 'x' }] } }],
    ['an empty string', { stringValue: '' }],
  ];
  it.each(values)('Istio 3: a CertSigner that is %s reads as empty', (_, value) => {
    const bytes = encodeRequest({
      csr: 'c',
      metadata: { fields: { CertSigner: value, ImpersonatedIdentity: value, other: { stringValue: 'x' } } },
    });
    expect(decodeCertificateRequest(bytes)).toEqual({
      csr: 'c',
      validityDuration: 0n,
      certSigner: '',
      impersonatedIdentity: '',
    });
  });

  it('Istio 3: without metadata both keys are empty', () => {
    expect(decodeCertificateRequest(encodeRequest({ csr: 'c' }))).toMatchObject({ csr: 'c', certSigner: '' });
    expect(decodeCertificateRequest(Buffer.alloc(0))).toMatchObject({ csr: '', validityDuration: 0n });
  });

  it('Istio 3: unknown fields of every wire type are passed over', () => {
    const unknown = Buffer.from('9806ff01' + '910600000000000000009206' + '03616263' + '950601020304', 'hex');
    const known = encodeRequest({ csr: 'c', validity_duration: '-9223372036854775808' });
    for (const bytes of [Buffer.concat([unknown, known]), Buffer.concat([known, unknown])]) {
      expect(decodeCertificateRequest(bytes)).toMatchObject({ csr: 'c', validityDuration: -(2n ** 63n) });
    }
  });

  it('a known field number with another wire type is an unknown field', () => {
    expect(decodeCertificateRequest(Buffer.from('0805' + '1a0161' + '2007', 'hex'))).toEqual({
      csr: '',
      validityDuration: 0n,
      certSigner: '',
      impersonatedIdentity: '',
    });
  });

  it('Istio 2: reads what another implementation writes', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.string(),
        fc.string(),
        (...v) => {
          const [csr, ttl, certSigner, impersonatedIdentity] = v.map((each) =>
            typeof each === 'string' ? each.toWellFormed() : each,
          );
          const bytes = encodeRequest({
            csr: String(csr),
            validity_duration: String(ttl),
            metadata: {
              fields: {
                CertSigner: { stringValue: String(certSigner) },
                ImpersonatedIdentity: { stringValue: String(impersonatedIdentity) },
              },
            },
          });
          expect(decodeCertificateRequest(bytes)).toEqual({
            csr,
            validityDuration: ttl,
            certSigner,
            impersonatedIdentity,
          });
        },
      ),
    );
  });

  it('any bytes give a request or MalformedMessage, and never anything else', () => {
    const valid = encodeRequest({
      csr: 'csr',
      validity_duration: '86400',
      metadata: { fields: { CertSigner: { stringValue: 'x' } } },
    });
    const mutated = fc
      .tuple(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length))
      .map(([at, octet, end]) =>
        Buffer.concat([valid.subarray(0, at), Buffer.from([octet]), valid.subarray(at + 1)]).subarray(0, end),
      );
    const anything = fc.oneof(
      mutated,
      fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
    );
    let refused = 0;
    fc.assert(
      fc.property(anything, (bytes) => {
        try {
          const request = decodeCertificateRequest(bytes);
          expect(Buffer.byteLength(request.csr)).toBeLessThanOrEqual(3 * bytes.length);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MalformedMessage);
          refused++;
        }
      }),
      { numRuns: 5000 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  const broken: readonly (readonly [string, string])[] = [
    ['a length past the end', '0a05616263'],
    ['a varint of eleven octets', `18${'ff'.repeat(10)}01`],
    ['a tag cut off', '80'],
    ['field number 0', '0001'],
    ['a group', '0b0c'],
    ['wire type 6', '0e'],
    ['a length that does not fit 32 bits', '0affffffffff01'],
    ['a metadata entry longer than its Struct', '22040a08' + '0a0161'],
  ];
  it.each(broken)('refuses %s', (_, hex) => {
    expect(() => decodeCertificateRequest(Buffer.from(hex, 'hex'))).toThrow(MalformedMessage);
  });
});

describe('an IstioCertificateResponse', () => {
  it('Istio 79, 80, 81, 82: leaf, one certificate per element, all roots last', () => {
    const frameBytes = new ResponseEncoder().encode(facts());
    expect(frameBytes[0]).toBe(0);
    expect(frameBytes.readUInt32BE(1)).toBe(frameBytes.length - 5);
    expect(decodeChain(frameBytes.subarray(5))).toEqual([pem('leaf'), pem('one'), pem('two'), pem('old') + pem('new')]);
  });

  it('Istio 79: with a root as issuer there are exactly two elements', () => {
    expect(decodeChain(new ResponseEncoder().encode(facts({ intermediates: [] })).subarray(5))).toHaveLength(2);
  });

  it('Istio 82, 84: one encoder follows a rotation and is byte-stable in between', () => {
    const encoder = new ResponseEncoder();
    const before = facts();
    expect(encoder.encode(before)).toEqual(encoder.encode({ ...before }));
    const after = facts({ roots: pem('new') });
    expect(decodeChain(encoder.encode(after).subarray(5)).at(-1)).toBe(pem('new'));
    const other = facts({ intermediates: [pem('three')] });
    expect(decodeChain(encoder.encode(other).subarray(5))[1]).toBe(pem('three'));
  });

  it('encodes as another implementation does', () => {
    const bytes = new ResponseEncoder().encode(facts()).subarray(5);
    const chain = [pem('leaf'), pem('one'), pem('two'), pem('old') + pem('new')];
    expect(bytes).toEqual(judge.responseSerialize({ cert_chain: chain }));
  });

  const never: readonly (readonly [string, object])[] = [
    ['Istio 80: an element with two certificates', { intermediates: [pem('a') + pem('b')] }],
    ['Istio 80: an empty element', { intermediates: ['\n'] }],
    ['Istio 80: an element without a final newline', { intermediates: [pem('a').trimEnd()] }],
    ['Istio 80: a leaf without a final newline', { leaf: pem('leaf').trimEnd() }],
    [
      'Istio 83: a key among the roots',
      { roots: `${pem('a')}-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n` },
    ],
    ['Istio 79: no roots', { roots: '' }],
    ['Istio 7: four MiB', { roots: pem('x'.repeat(4 * 1024 * 1024)) }],
  ];
  it.each(never)('never leaves with %s', (_, over) => {
    expect(() => new ResponseEncoder().encode(facts(over))).toThrow(Refusal);
  });
});

describe('gRPC frames', () => {
  it('come out whole however they are cut', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 });
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (sent, cuts) => {
        const wire = Buffer.concat(sent.map(frame));
        const reader = new FrameReader(64);
        const got: Buffer[] = [];
        for (let at = 0, i = 0; at < wire.length; i++) {
          const size = cuts[i % cuts.length] ?? 1;
          const part = reader.push(wire.subarray(at, at + size));
          if (typeof part === 'string') throw new Error(part);
          got.push(...part);
          at += size;
        }
        expect(got.map((each) => [...each])).toEqual(sent.map((each) => [...each]));
        expect(reader.clean).toBe(true);
      }),
    );
  });

  it('Istio 6: a length over the maximum is told from the header alone', () => {
    expect(new FrameReader(64).push(Buffer.from('0000000041', 'hex'))).toBe('too-large');
    expect(new FrameReader(64).push(Buffer.from('0000000040', 'hex'))).toEqual([]);
  });

  it('a compressed message is told', () => {
    expect(new FrameReader(64).push(Buffer.from('010000000161', 'hex'))).toBe('compressed');
  });

  it('a part of a message is not clean', () => {
    const reader = new FrameReader(64);
    reader.push(Buffer.concat([frame(bytesField(1, 'x')), Buffer.from('00', 'hex')]));
    expect(reader.clean).toBe(false);
  });
});
