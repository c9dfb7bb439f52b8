import { describe, expect, it } from 'vitest';
import { installIssuer } from '#authority/install-issuer.ts';
import { type AnswerWord, OcspResponder } from '#authority/revocation/ocsp-responder.ts';
import { RevocationRegister } from '#authority/revocation/register.ts';
import type { SigningIssuer } from '#issuance/live-issuer.ts';
import { SoftwareSigner } from '#keys/software/signer.ts';
import { Refusal } from '#refusal/refusal.ts';
import { testAuthority } from '#test/support/software-ca.ts';
import { certId, ocspRequest } from '#test/x509/status.ts';
import { DerReader } from '#x509/der/reader.ts';
import { tag } from '#x509/der/tags.ts';
import { sequence, unsignedInteger } from '#x509/der/writer.ts';
import { readPem } from '#x509/pem.ts';

const start = Date.now();
const root = testAuthority({ commonName: 'Root' });
function issuer(commonName: string): SigningIssuer {
  const authority = testAuthority({ commonName, issuer: root, trustDomain: 'cluster.local' });
  const places = { chain: 'chain', roots: 'roots' };
  const material = { name: 'mesh', roots: root.pem, chain: authority.pem, places, trustDomain: 'cluster.local' };
  const signer = new SoftwareSigner(authority.key);
  return installIssuer({ ...material, signer, keyKind: 'ec:P-256' }, start / 1000).live;
}
const mesh = issuer('Mesh');
const gateways = issuer('Gateways');

const certIdOf = ({ intermediates }: SigningIssuer, hex: string) =>
  certId(readPem(intermediates[0] ?? '', ['CERTIFICATE']), { serial: unsignedInteger(Buffer.from(hex, 'hex')) });
const requestFor = (...ids: Uint8Array[]) => ocspRequest({ requests: ids.map((id) => sequence(id)) });

/** The serial that is asked for here, unless told. */
const serial = '5f01';

interface RigOptions {
  readonly sign?: (tbs: Uint8Array, signer: SigningIssuer['signer']) => Promise<Uint8Array>;
  readonly isIssued?: boolean;
}

function rig({ sign = (tbs, signer) => signer.sign(tbs), isIssued = true }: RigOptions = {}) {
  const words: AnswerWord[] = [];
  const register = new RevocationRegister();
  let signatures = 0;
  let now = start;
  const counted = (issuer: SigningIssuer): SigningIssuer => ({
    ...issuer,
    signer: {
      ...issuer.signer,
      algorithm: issuer.signer.algorithm,
      spki: issuer.signer.spki,
      sign: (tbs) => {
        signatures += 1;
        return sign(tbs, issuer.signer);
      },
    },
  });
  const issuers = [counted(mesh), counted(gateways)];
  const responder = new OcspResponder({
    register,
    clock: { now: () => now },
    lifetime: 3_600,
    issuers: () => issuers,
    isIssued: async () => isIssued,
    answered: (word) => words.push(word),
  });
  return {
    ...{ responder, register, words },
    signatures: () => signatures,
    advance: (ms: number) => {
      now += ms;
    },
    ask: (wanted = serial) => responder.answer(requestFor(certIdOf(mesh, wanted))),
    revoke: () => {
      const revocation = { serial, issuerKeyId: mesh.keyId, revokedAt: 1_000, requestedBy: 'alice' };
      register.take({ ...revocation, reason: 'superseded' });
    },
  };
}

/** responseStatus of an OCSPResponse: 0 is successful. */
const statusOf = (der: Uint8Array) => DerReader.over(der).sequence().smallInteger(tag.enumerated);

describe('the OCSP responder', () => {
  it('answers the same question with the same octets and one signature until half of the life of the answer', async () => {
    const { ask, signatures, advance, words } = rig();
    const first = await ask();
    const again = await Promise.all([ask(), ask()]);
    advance(1_799_000);
    expect((await ask()).der).toBe(first.der);
    expect(again.map(({ der }) => der)).toEqual([first.der, first.der]);
    expect(signatures()).toBe(1);
    const producedAt = Math.floor(start / 1000);
    expect(first.keep).toEqual({ producedAt, renewedAt: producedAt + 1_800, nextUpdate: producedAt + 3_600 });
    advance(1_000);
    expect((await ask()).keep?.producedAt).toBe(producedAt + 1_800);
    expect(signatures()).toBe(2);
    expect(new Set(words)).toEqual(new Set(['good']));
  });

  it('the same question by many at once is one signature', async () => {
    const { ask, signatures } = rig();
    await Promise.all(Array.from({ length: 50 }, () => ask()));
    expect(signatures()).toBe(1);
  });

  it('nothing good is said after a revocation, not even what was being signed then', async () => {
    const held = Promise.withResolvers<void>();
    let first = true;
    const { ask, responder, revoke, words } = rig({
      sign: async (tbs, signer) => {
        if (first) {
          first = false;
          await held.promise;
        }
        return signer.sign(tbs);
      },
    });
    const before = ask();
    await Promise.resolve();
    revoke();
    responder.forget();
    const after = ask();
    held.resolve();
    await Promise.all([before, after]);
    expect(words).toEqual(['revoked', 'revoked']);
    await ask();
    expect(words.at(-1)).toBe('revoked');
  });

  it('RFC 5019 §2.2.3: whose certificate it is not, and what the log does not hold, is answered without a signature', async () => {
    const { ask, responder, signatures, words } = rig({ isIssued: false });
    expect(statusOf((await ask()).der)).toBe(6);
    const namesake = issuer('Mesh');
    const answer = await responder.answer(requestFor(certIdOf(namesake, serial)));
    expect([statusOf(answer.der), answer.keep]).toEqual([6, undefined]);
    expect(signatures()).toBe(0);
    expect(words).toEqual(['unauthorized', 'unauthorized']);
  });

  it('a revoked certificate that the log does not hold is answered for all the same', async () => {
    const { ask, revoke, words } = rig({ isIssued: false });
    revoke();
    await ask();
    expect(words).toEqual(['revoked']);
  });

  it('several of one issuer are answered together, and of two issuers by nobody', async () => {
    const { responder, words, revoke } = rig();
    revoke();
    const both = await responder.answer(requestFor(certIdOf(mesh, serial), certIdOf(mesh, '5f02')));
    expect([statusOf(both.der), both.keep]).toEqual([0, undefined]);
    await responder.answer(requestFor(certIdOf(mesh, serial), certIdOf(gateways, serial)));
    expect(words).toEqual(['several', 'unauthorized']);
  });

  it('one signature at a time and 64 that wait; the next is told to try later', async () => {
    const held = Promise.withResolvers<void>();
    const { ask, words, signatures } = rig({
      sign: async (tbs, signer) => {
        await held.promise;
        return signer.sign(tbs);
      },
    });
    const asked = Array.from({ length: 66 }, (_, n) => ask((0x4000 + n).toString(16)));
    expect(statusOf((await Promise.race(asked)).der)).toBe(3);
    expect(signatures()).toBe(1);
    held.resolve();
    await Promise.all(asked);
    expect(words.filter((word) => word === 'tryLater')).toHaveLength(1);
    expect(words.filter((word) => word === 'good')).toHaveLength(65);
  });

  it('what is no request, a key that is away, and a signature that does not verify have their own answers', async () => {
    const away = rig({ sign: () => Promise.reject(new Refusal('signer.unavailable', 'away')) });
    expect(statusOf((await away.ask()).der)).toBe(3);
    const wrong = rig({ sign: (tbs, signer) => signer.sign(Buffer.concat([tbs, tbs])) });
    expect(statusOf((await wrong.ask()).der)).toBe(2);
    expect(statusOf((await wrong.responder.answer(Buffer.from('hello'))).der)).toBe(1);
    expect([away.words, wrong.words]).toEqual([['tryLater'], ['internalError', 'malformedRequest']]);
  });
});
