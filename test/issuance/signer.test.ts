import { createHash, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Signer } from '#issuance/ports.ts';
import { Issued } from '#issuance/request.ts';
import { SoftwareSigner } from '#keys/software/signer.ts';
import { Refusal, type RefusalCode } from '#refusal/refusal.ts';
import type { KeyKind } from '#x509/algorithms.ts';
import { readCertificate } from '#x509/certificate.ts';
import { readPem } from '#x509/pem.ts';
import { codeOf, intermediateOf, Rig, root } from './rig.ts';

type Sign = (tbs: Uint8Array, real: Signer) => Promise<Uint8Array>;

/** A signer that does as `bad` says the first time, and its work from then on. */
function badOnce(bad: Sign): (real: Signer) => Signer {
  let first = true;
  return (real) => ({
    algorithm: real.algorithm,
    spki: real.spki,
    sign: (tbs) => {
      const does = first ? bad : undefined;
      first = false;
      return does === undefined ? real.sign(tbs) : does(tbs, real);
    },
    close: () => real.close(),
  });
}

const altered = (bytes: Uint8Array, at: number) => bytes.map((octet, i) => (i === at ? octet ^ 1 : octet));

/** An ECDSA signature as PKCS#11 gives it, where DER is due: r and s with leading zeros, one after the other. */
function asRaw(der: Uint8Array): Uint8Array {
  const r = der.subarray(4, 4 + (der[3] ?? 0));
  const s = der.subarray(6 + r.length);
  const fixed = (integer: Uint8Array) => Buffer.concat([Buffer.alloc(32), integer]).subarray(-32);
  return Buffer.concat([fixed(r), fixed(s)]);
}

const other = SoftwareSigner.generate('ec:P-256');
const wrong: readonly (readonly [name: string, sign: Sign, code: RefusalCode])[] = [
  ['for other bytes', (tbs, real) => real.sign(altered(tbs, 30)), 'signer.bad-signature'],
  ['by another key', async (tbs) => (await other).sign(tbs), 'signer.bad-signature'],
  ['with one bit altered', async (tbs, real) => altered(await real.sign(tbs), 40), 'signer.bad-signature'],
  [
    'with an octet too many',
    async (tbs, real) => Buffer.concat([await real.sign(tbs), Buffer.of(0)]),
    'signer.bad-signature',
  ],
  ['with an octet too few', async (tbs, real) => (await real.sign(tbs)).subarray(0, -1), 'signer.bad-signature'],
  ['of the right numbers, but raw', async (tbs, real) => asRaw(await real.sign(tbs)), 'signer.bad-signature'],
  ['of nothing but zeros', async () => new Uint8Array(64), 'signer.bad-signature'],
  ['that is empty', async () => new Uint8Array(0), 'signer.bad-signature'],
  ['that is the bytes themselves', async (tbs) => tbs, 'signer.bad-signature'],
];

describe('a signer that answers wrongly', () => {
  it.each(wrong)(
    'P-15: a signature %s is found, nothing is released, and the next request is served',
    async (_, sign, code) => {
      const rig = Rig.of({ signer: badOnce(sign) });
      expect(codeOf(await rig.ask())).toBe(code);
      expect(rig.ends).toEqual([`certificate.failed ${code}`]);
      expect(rig.log.records[0]).not.toHaveProperty('certificateDer');
      expect(codeOf(await rig.ask())).toBe('issued');
      expect(rig.ends).toEqual([`certificate.failed ${code}`, 'certificate.issued']);
    },
  );

  it('P-14: one octet of the to-be-signed bytes altered before they are signed is found, wherever it is', async () => {
    let at = 0;
    const rig = Rig.of({
      signer: (real) => ({
        algorithm: real.algorithm,
        spki: real.spki,
        // It has the very buffer: what it signs and what it leaves behind are altered alike, and verify together.
        sign: (tbs) => {
          length = tbs.length;
          tbs[at] = (tbs[at] ?? 0) ^ 1;
          return real.sign(tbs);
        },
        close: () => real.close(),
      }),
    });
    let length = 1;
    const request = rig.request();
    const released: number[] = [];
    for (; at < length; at++) {
      const ended = await rig.ask(request);
      if (codeOf(ended) !== 'profile.lint') released.push(at);
    }
    expect(length).toBeGreaterThan(300);
    expect(released).toEqual([]);
    expect(new Set(rig.ends)).toEqual(new Set(['certificate.failed profile.lint']));
    expect(rig.log.size).toBe(length);
  });

  it('P-14: altered bytes under a signature for the right ones are found too', async () => {
    const rig = Rig.of({
      signer: badOnce(async (tbs, real) => {
        const signature = await real.sign(tbs);
        tbs[60] = (tbs[60] ?? 0) ^ 1;
        return signature;
      }),
    });
    expect(codeOf(await rig.ask())).toBe('signer.bad-signature');
    expect(codeOf(await rig.ask())).toBe('issued');
  });

  it('P-15: one that never answers ends with the deadline, and what it says afterwards is of no use', async () => {
    const late = Promise.withResolvers<Uint8Array>();
    const signing = Promise.withResolvers<Uint8Array>();
    const rig = Rig.of({
      signer: badOnce((tbs) => {
        signing.resolve(tbs);
        return late.promise;
      }),
    });
    const deadline = new AbortController();
    const ended = rig.ask(rig.request(), deadline.signal);
    const tbs = await signing.promise;
    deadline.abort(new Refusal('deadline', 'the time of this call is over'));
    expect(codeOf(await ended)).toBe('deadline');
    expect(rig.ends).toEqual(['certificate.failed deadline']);
    late.resolve(await rig.issuer.signer.sign(tbs));
    expect(codeOf(await rig.ask())).toBe('issued');
    expect(rig.ends).toEqual(['certificate.failed deadline', 'certificate.issued']);
  });

  it('A-2: one that is lost, or breaks, is one failed record, and the next request is served', async () => {
    const lost = new Refusal('signer.unavailable', 'the HSM is away');
    for (const [thrown, code] of [
      [lost, 'signer.unavailable'],
      [new TypeError('a fault in a driver'), 'internal'],
    ] as const) {
      const rig = Rig.of({ signer: badOnce(() => Promise.reject(thrown)) });
      const ended = await rig.ask();
      expect(ended).toMatchObject({ refusal: { code } });
      expect(JSON.stringify(rig.log.records)).not.toContain('driver');
      expect(codeOf(await rig.ask())).toBe('issued');
      expect(rig.ends).toEqual([`certificate.failed ${code}`, 'certificate.issued']);
    }
  });
});

const kinds: readonly KeyKind[] = ['ec:P-256', 'ec:P-384', 'rsa:2048', 'ed25519'];

describe('a signer that answers rightly', () => {
  it.each(kinds)('P-15: under a key of %s the certificate is released, and verifies', async (kind) => {
    const rig = Rig.of({ kind });
    const ended = await rig.ask();
    if (!('issued' in ended)) throw ended.refusal;
    const { facts } = ended.issued;
    expect(Issued.isRecorded(ended.issued)).toBe(true);
    const leaf = new X509Certificate(facts.leaf);
    expect(leaf.verify(new X509Certificate(intermediateOf(kind).pem).publicKey)).toBe(true);
    expect(facts).toMatchObject({ leafIndex: 0, intermediates: [intermediateOf(kind).pem], roots: root.pem });
    const der = readPem(facts.leaf, ['CERTIFICATE']);
    expect(facts.serial).toBe(readCertificate(der).serialText);
    expect(facts.notAfter).toBe(readCertificate(der).notAfter);
    expect(rig.log.records[0]).toMatchObject({
      type: 'certificate.issued',
      certificate: { sha256: createHash('sha256').update(der).digest('hex') },
    });
  });
});
