import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Refusal } from '#refusal/refusal.ts';
import type { KeyProof } from '#x509/csr/proven-key.ts';
import { VerifiedCsr } from '#x509/csr/verified-csr.ts';
import { KeyStrength } from '#x509/keys/key-strength.ts';

const checks = { keyStrength: new KeyStrength(), ownKeys: new Set<string>() };
const message = Buffer.from('8ad8a34b-2b7c-4f0d-9d0c-8d40b4a0a1d1');
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = publicKey.export({ format: 'der', type: 'spki' });
const good: KeyProof = { spki, message, signature: sign('sha256', message, privateKey) };

const codeOf = (proof: KeyProof, with_ = checks) =>
  VerifiedCsr.ofKey(proof, with_).then(
    () => 'taken',
    (thrown: unknown) => (thrown instanceof Refusal ? thrown.code : thrown),
  );

describe('a key that comes with a proof of its own', () => {
  it('is a request that names nobody', async () => {
    const csr = await VerifiedCsr.ofKey(good, checks);
    expect(VerifiedCsr.isVerified(csr)).toBe(true);
    expect(csr).toMatchObject({ signature: 'ecdsa-sha256', sans: [], extensionOids: [], subject: { empty: true } });
    expect(csr.key.spki).toEqual(spki);
    expect(csr.sha256).toBe(createHash('sha256').update(spki).digest('hex'));
  });

  it('is refused for a proof over another message, by another key, of another hash, cut short, or none', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const wrong: readonly Partial<KeyProof>[] = [
      { message: Buffer.from('another pod') },
      { signature: sign('sha256', message, other.privateKey) },
      { signature: sign('sha384', message, privateKey) },
      { signature: good.signature.subarray(1) },
      { signature: Buffer.alloc(0) },
      { signature: Buffer.alloc(100_000) },
    ];
    expect(await Promise.all(wrong.map((part) => codeOf({ ...good, ...part })))).toEqual(
      wrong.map(() => 'csr.signature'),
    );
  });

  it('is held to the same strength as the key of a request', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const short = rsa.publicKey.export({ format: 'der', type: 'spki' });
    expect(await codeOf({ ...good, spki: short })).toBe('key.not-allowed');
    expect(await codeOf({ ...good, spki: spki.subarray(0, 40) })).toMatch(/^key\./);
    expect(await codeOf({ ...good, spki: Buffer.concat([spki, Buffer.alloc(1)]) })).toMatch(/^key\./);
    const ours = { ...checks, ownKeys: new Set([createHash('sha256').update(spki).digest('hex')]) };
    expect(await codeOf(good, ours)).toBe('key.own');
  });
});
