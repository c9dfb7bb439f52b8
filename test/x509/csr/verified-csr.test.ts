import { describe, expect, it } from 'vitest';
import { Refusal } from '#refusal/refusal.ts';
import { type CsrChecks, VerifiedCsr } from '#x509/csr/verified-csr.ts';
import { KeyStrength } from '#x509/keys/key-strength.ts';
import { toPem } from '#x509/pem.ts';
import type { RunOn } from '#x509/verify-signature.ts';
import { buildCsr, challengePassword, ecKey, keyUsage, san, standardKey, uri } from './build.ts';
import { hostileRows } from './hostile-rows.ts';
import { invalidCases, validCases } from './tables.ts';

const checks: CsrChecks = { keyStrength: new KeyStrength(), ownKeys: new Set() };
const pemOf = (parts: Parameters<typeof buildCsr>[0]) => toPem('CERTIFICATE REQUEST', buildCsr(parts));

async function refusalOf(pem: string, with_: CsrChecks = checks, on?: RunOn): Promise<Refusal> {
  const outcome = await VerifiedCsr.read(pem, with_, on === undefined ? {} : { on }).catch((thrown: unknown) => thrown);
  if (outcome instanceof Refusal) return outcome;
  throw new Error(outcome instanceof VerifiedCsr ? 'it was accepted' : 'an error that is no Refusal', {
    cause: outcome,
  });
}

describe('a request that is right', () => {
  it.each(validCases)('$name', async ({ pem, facts }) => {
    const csr = await VerifiedCsr.read(pem, checks);
    const found = {
      key: csr.key.kind,
      signature: csr.signature,
      sans: csr.sans.map(({ kind, value }) => `${kind}:${value}`),
      commonName: csr.subject.commonName,
      emptySubject: csr.subject.empty,
      keyUsage: csr.keyUsage,
      extendedKeyUsage: csr.extendedKeyUsage,
      extensions: csr.extensionOids,
      challengePassword: csr.challengePassword,
      unknownAttributes: csr.unknownAttributes,
    };
    expect(found).toMatchObject(facts);
  });
});

describe('a request that is wrong', () => {
  it.each(invalidCases)('$row: $name → $code', async ({ pem, code }) => {
    const refusal = await refusalOf(pem);
    expect(refusal.code).toBe(code);
    expect(refusal.remedy).toBe('fix-request');
  });
});

describe('the tables', () => {
  it('P-32: every row of the hostile list has a case, and there are at least 120', () => {
    const covered = new Set(invalidCases.map(({ row }) => row));
    expect(invalidCases.length).toBeGreaterThanOrEqual(120);
    expect(hostileRows.filter((row) => !covered.has(row))).toEqual([]);
    expect([...covered].filter((row) => !hostileRows.includes(row))).toEqual([]);
  });

  it('P-37: keyCertSign without basicConstraints is refused', async () => {
    expect((await refusalOf(pemOf({ extensions: [san(uri('spiffe://td/a')), keyUsage(1 << 5)] }))).code).toBe(
      'csr.extension',
    );
  });

  it('Istio 64: a bad signature, no PEM, a certificate and an empty text are each the fault of the request', () => {
    const wanted = [
      'one bit of an ECDSA signature flipped',
      'text that is no PEM',
      'a certificate in its place',
      'nothing at all',
    ];
    const codes = invalidCases.filter(({ name }) => wanted.includes(name)).map(({ code }) => code);
    expect(codes.toSorted()).toEqual(['csr.pem', 'csr.pem', 'csr.pem', 'csr.signature']);
  });

  it('P-20: keys and hashes that nobody may use are refused with one code each', () => {
    const codeOf = (name: string) => invalidCases.find((each) => each.name === name)?.code;
    for (const name of ['RSA-1024', 'P-192', 'P-224', 'secp256k1', 'brainpoolP256r1', 'DSA']) {
      expect(codeOf(name), name).toBe('key.not-allowed');
    }
    for (const name of ['RSA with SHA-1', 'ECDSA with SHA-1']) expect(codeOf(name), name).toBe('csr.algorithm');
  });

  it('P-49: a key on another curve of the same field size is refused', async () => {
    const refusal = await refusalOf(pemOf({ key: ecKey('secp256k1') }));
    expect(refusal).toMatchObject({ code: 'key.not-allowed', detail: { oid: '1.3.132.0.10' } });
  });
});

describe('what a request is held against', () => {
  it('P-31: one of our own keys is refused, before its signature is looked at', async () => {
    const { key } = await VerifiedCsr.read(pemOf({}), checks);
    const own = { ...checks, ownKeys: new Set([key.spkiSha256]) };
    expect((await refusalOf(pemOf({}), own)).code).toBe('key.own');
    expect((await refusalOf(pemOf({ signature: () => Uint8Array.of(3, 1, 0) }), own)).code).toBe('key.own');
  });

  it('NEW CERTIFICATE REQUEST is taken with the switch only', async () => {
    const pem = toPem('NEW CERTIFICATE REQUEST', buildCsr());
    expect((await refusalOf(pem)).code).toBe('csr.pem');
    expect(VerifiedCsr.isVerified(await VerifiedCsr.read(pem, { ...checks, allowNewRequestLabel: true }))).toBe(true);
    const mixed = pem.replace('END NEW', 'END');
    expect((await refusalOf(mixed, { ...checks, allowNewRequestLabel: true })).code).toBe('csr.pem');
  });

  it('gives the same verdict whether the signature is checked on the pool or on the loop', async () => {
    for (const on of ['pool', 'loop'] as const) {
      const csr = await VerifiedCsr.read(pemOf({}), checks, { on });
      expect(csr.key.kind).toBe('ec:P-256');
      const forged = pemOf({ spki: ecKey('P-256').publicKey.export({ format: 'der', type: 'spki' }) });
      expect((await refusalOf(forged, checks, on)).code).toBe('csr.signature');
    }
  });

  it('keeps no challenge password', async () => {
    const pem = pemOf({ attributes: [challengePassword()] });
    const csr = await VerifiedCsr.read(pem, checks);
    expect(JSON.stringify({ ...csr, der: undefined })).not.toContain('hunter2');
    expect(csr.challengePassword).toBe(true);
  });

  it('names the SHA-256 of the request and of its key', async () => {
    const csr = await VerifiedCsr.read(pemOf({}), checks);
    expect(csr.sha256).toMatch(/^[0-9a-f]{64}$/);
    const { createHash } = await import('node:crypto');
    const spki = standardKey().publicKey.export({ format: 'der', type: 'spki' });
    expect(csr.key.spkiSha256).toBe(createHash('sha256').update(spki).digest('hex'));
    expect(Buffer.from(csr.key.keyId).toString('hex')).toBe(
      createHash('sha256').update(spki.subarray(26)).digest('hex').slice(0, 40),
    );
  });

  it('cannot be forged by a literal or a prototype', () => {
    const literal: unknown = Object.create(VerifiedCsr.prototype);
    expect(VerifiedCsr.isVerified(literal)).toBe(false);
    expect(VerifiedCsr.isVerified({ key: {} })).toBe(false);
  });
});
