import { describe, expect, it } from 'vitest';
import { withExtension } from '#test/x509/altered.ts';
import { caCertificate, caWindow, now, randomSerial, signTbs, testKey, testMesh } from '#test/x509/mesh.ts';
import type { SignatureAlgorithm } from '#x509/algorithms.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { type ChainQuestion, checkChain } from '#x509/chain/check-chain.ts';
import { meshClientFaults } from '#x509/chain/mesh-clients.ts';
import { contextConstructed, contextPrimitive } from '#x509/der/tags.ts';
import { boolean, element, octetString, oid, sequence } from '#x509/der/writer.ts';
import { assembleSigned } from '#x509/signed.ts';

const mesh = testMesh();
const root = readCertificate(mesh.root);
const intermediate = readCertificate(mesh.intermediate);
const leaf = readCertificate(mesh.leaf().certificate);

function codes(change: Partial<ChainQuestion>): readonly string[] {
  const verdict = checkChain({
    target: intermediate,
    intermediates: [],
    roots: [root],
    now,
    purpose: 'issuer',
    ...change,
  });
  return verdict.good ? [] : verdict.faults.map(({ code }) => code);
}

describe('a chain at issuer import', () => {
  it('is good for our own intermediate, and gives the path up to the root', () => {
    const verdict = checkChain({ target: intermediate, intermediates: [], roots: [root], now, purpose: 'issuer' });
    expect(verdict).toEqual({ good: true, path: [intermediate, root] });
  });

  it('is good whatever else lies in the bundle, and in any order', () => {
    const other = readCertificate(testMesh('ecdsa-sha384').intermediate);
    expect(codes({ intermediates: [other, root, leaf, intermediate], roots: [other, root] })).toEqual([]);
  });

  it('Istio 85: a leaf verifies for servers and for clients over the intermediate', () => {
    for (const purpose of ['serverAuth', 'clientAuth'] as const) {
      expect(codes({ target: leaf, intermediates: [intermediate], purpose })).toEqual([]);
    }
  });

  it('is refused without its root, or without a link in between', () => {
    expect(codes({ roots: [] })).toEqual(['no-issuer']);
    expect(codes({ target: leaf })).toContain('no-issuer');
    expect(codes({ roots: [readCertificate(testMesh('ed25519').root)] })).toEqual(['algorithm']);
  });

  it('is refused for a leaf in the place of an issuer', () => {
    expect(codes({ target: leaf, intermediates: [intermediate] })).toEqual(
      expect.arrayContaining(['not-ca', 'key-usage']),
    );
  });

  it('is refused before and after the window of any certificate in it', () => {
    expect(codes({ now: caWindow.notBefore - 1 })).toEqual(['not-yet-valid', 'not-yet-valid']);
    expect(codes({ now: intermediate.notAfter + 1 })).toEqual(['expired']);
    expect(codes({ now: intermediate.notAfter + 0.9 })).toEqual([]);
  });

  it('is refused when one bit of its signature or of its content is another', () => {
    for (const at of [mesh.intermediate.length - 1, Buffer.from(mesh.intermediate).indexOf('intermediate')]) {
      const forged = Uint8Array.from(mesh.intermediate);
      forged[at] = (forged[at] ?? 0) ^ 1;
      expect(codes({ target: readCertificate(forged) })).toEqual(['bad-signature']);
    }
  });

  it('says what is wrong and with which certificate', () => {
    const verdict = checkChain({
      target: intermediate,
      intermediates: [],
      roots: [root],
      now: intermediate.notAfter + 1,
    });
    expect(verdict).toEqual({
      good: false,
      faults: [
        {
          code: 'expired',
          certificate: 'O=Example, CN=Test mesh intermediate',
          sentence: 'it was valid until 2027-11-21T12:00:00Z',
        },
      ],
    });
  });

  it('costs a bounded number of signature checks, however many issuers of one name a bundle holds', () => {
    const crowd = Array.from({ length: 70 }, () => impostor());
    expect(codes({ target: leaf, intermediates: crowd.slice(0, 40), purpose: 'serverAuth' })).toEqual([
      'bad-signature',
    ]);
    expect(codes({ target: leaf, intermediates: crowd, purpose: 'serverAuth' })).toEqual(['too-complex']);
  });

  it('is found behind impostors that bear the name of the issuer', () => {
    expect(codes({ target: leaf, intermediates: [impostor(), intermediate], purpose: 'serverAuth' })).toEqual([]);
  });
});

/** A CA with the intermediate's name and a key of its own. */
function impostor(): Certificate {
  const key = testKey('ec:P-256', 'impostor');
  const subject = { commonName: 'Test mesh intermediate', organization: 'Example' };
  const terms = { subject, issuer: 'self' as const, spki: key.spki, serial: randomSerial(), ...caWindow };
  return readCertificate(caCertificate(terms, 'ecdsa-sha256', key));
}

describe('what mesh clients would refuse', () => {
  it('is nothing in our own chains on P-256, P-384, RSA and Ed25519', () => {
    const common: SignatureAlgorithm[] = ['ecdsa-sha256', 'ecdsa-sha384', 'rsa-sha256', 'ed25519'];
    for (const algorithm of common) {
      const chain = testMesh(algorithm);
      expect(meshClientFaults([chain.intermediate, chain.root].map(readCertificate))).toEqual([]);
    }
  });

  it.each<SignatureAlgorithm>(['ecdsa-sha512', 'ml-dsa-65'])('Istio 78: %s is told', (algorithm) => {
    const faults = meshClientFaults([readCertificate(testMesh(algorithm).root)]);
    expect(faults.map(({ code }) => code)).toEqual(['key', 'algorithm']);
  });

  it('P-10, Istio 77: URI name constraints are told by name, those of other forms are not', () => {
    const uri = withConstraint(element(contextPrimitive(6), Buffer.from('cluster.local')));
    const dns = withConstraint(element(contextPrimitive(2), Buffer.from('cluster.local')));
    expect(meshClientFaults([uri]).map(({ code, sentence }) => [code, /ztunnel/.test(sentence)])).toEqual([
      ['name-constraints', true],
    ]);
    expect(meshClientFaults([dns])).toEqual([]);
  });

  /** The root with one permitted subtree. */
  function withConstraint(base: Uint8Array): Certificate {
    const value = sequence(element(contextConstructed(0), sequence(base)));
    const tbs = withExtension(root.tbs, sequence(oid('2.5.29.30'), boolean(true), octetString(value)));
    return readCertificate(assembleSigned(tbs, 'ecdsa-sha256', signTbs(tbs, 'ecdsa-sha256', mesh.rootKey)));
  }
});
