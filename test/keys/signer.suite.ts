import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Signer } from '#issuance/ports.ts';
import { signatureAlgorithmOf } from '#keys/key-kind.ts';
import type { KeyKind } from '#x509/algorithms.ts';
import { subjectKeyIdentifier } from '#x509/profile/key-identifier.ts';
import { importSpki, verifySignature } from '#x509/verify-signature.ts';

/** What every adapter behind the port `Signer` holds to. */
export function signerSuite(name: string, kinds: readonly KeyKind[], open: (kind: KeyKind) => Promise<Signer>): void {
  describe.each(kinds)(`${name}, %s`, (kind) => {
    const holder: { signer?: Signer } = {};
    const signer = (): Signer => {
      if (holder.signer === undefined) throw new Error('the signer did not open');
      return holder.signer;
    };
    beforeAll(async () => {
      holder.signer = await open(kind);
    });
    afterAll(() => holder.signer?.close());

    it('names the one algorithm that fits its key', () => {
      expect(signer().algorithm).toBe(signatureAlgorithmOf(kind));
    });

    it('gives a SubjectPublicKeyInfo that OpenSSL reads back to the same octets', () => {
      const again = importSpki(signer().spki).export({ type: 'spki', format: 'der' });
      expect(Buffer.from(signer().spki).equals(again)).toBe(true);
      expect(subjectKeyIdentifier(signer().spki)).toHaveLength(20);
    });

    it('P-15: its signature verifies with its own public key and with no other message', async () => {
      const tbs = Buffer.from('to be signed');
      const signature = await signer().sign(tbs);
      const key = importSpki(signer().spki);
      expect(await verifySignature(key, signer().algorithm, tbs, signature)).toBe(true);
      expect(await verifySignature(key, signer().algorithm, Buffer.from('To be signed'), signature)).toBe(false);
    });

    it('signs a message of one octet and one of 64 KiB', async () => {
      const key = importSpki(signer().spki);
      for (const length of [1, 65_536]) {
        const tbs = Buffer.alloc(length, 7);
        expect(await verifySignature(key, signer().algorithm, tbs, await signer().sign(tbs))).toBe(true);
      }
    });

    it('keeps 64 signatures apart that are asked for at once', async () => {
      const key = importSpki(signer().spki);
      const messages = Array.from({ length: 64 }, (_, i) => Buffer.from(`message ${i}`));
      const signatures = await Promise.all(messages.map((message) => signer().sign(message)));
      const verdicts = await Promise.all(
        signatures.map((signature, i) =>
          verifySignature(key, signer().algorithm, messages[i] ?? Buffer.alloc(0), signature),
        ),
      );
      expect(verdicts.every(Boolean)).toBe(true);
    });

    it('refuses to sign once closed', async () => {
      const own = await open(kind);
      await own.close();
      await expect(own.sign(Buffer.from('late'))).rejects.toMatchObject({ code: 'signer.unavailable' });
    });
  });
}
