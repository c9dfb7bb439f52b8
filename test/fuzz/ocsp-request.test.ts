import { execFileSync } from 'node:child_process';
import { beforeAll, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { extension } from '#test/x509/csr/build.ts';
import { randomSerial, testMesh } from '#test/x509/mesh.ts';
import { certId, type OcspRequestParts, ocspRequest } from '#test/x509/status.ts';
import { algorithmIdentifier } from '#x509/algorithm-identifiers.ts';
import { readCertificate } from '#x509/certificate.ts';
import { DerReader } from '#x509/der/reader.ts';
import { contextConstructed, tag } from '#x509/der/tags.ts';
import { bitString, element, explicit, octetString, sequence } from '#x509/der/writer.ts';
import { type CertId, OcspIssuer } from '#x509/ocsp/cert-id.ts';
import { OcspRequestError, readOcspRequest } from '#x509/ocsp/request.ts';
import { Dice, mutateOctets, mutateTree } from './mutate.ts';
import { seed } from './resigned.ts';

/** `COUNTERSIGN_FUZZ_MUTANTS` makes a longer run. */
const mutants = Number(process.env.COUNTERSIGN_FUZZ_MUTANTS ?? 80_000) / 4;
const { intermediate } = testMesh();
const issuer = new OcspIssuer(readCertificate(intermediate));
const id = (digest: 'sha1' | 'sha256', serial = randomSerial()) =>
  certId(intermediate, { digest, serial: element(tag.integer, serial) });
const nonce = extension('1.3.6.1.5.5.7.48.1.2', octetString(new Uint8Array(16).fill(7)));
const whole: OcspRequestParts = {
  requests: [sequence(id('sha1')), sequence(id('sha256'), explicit(0, sequence(extension('1.2.3', sequence()))))],
  behind: [explicit(2, sequence(nonce))],
  signature: [explicit(0, sequence(algorithmIdentifier('ed25519'), bitString(new Uint8Array(64))))],
};
const sources = [
  ocspRequest({ requests: [sequence(id('sha1'))] }),
  ocspRequest({ requests: [sequence(id('sha256', Uint8Array.of(5)))], behind: [explicit(2, sequence(nonce))] }),
  ocspRequest(whole),
  ocspRequest({ ...whole, before: [explicit(1, element(contextConstructed(4), sequence()))] }),
];
/** Go takes who asks for a bare name where RFC 6960 §4.1.1 has a GeneralName: it reads no such request. */
const namesRequestor = (der: Uint8Array) => DerReader.over(der).sequence().sequence().next === contextConstructed(1);

interface Accepted {
  readonly der: Uint8Array;
  readonly certIds: readonly CertId[];
}

/** Accepted mutants, and how often each field refuses one; anything but an OcspRequestError is thrown. */
function outcomes() {
  const dice = new Dice(seed);
  const accepted: Accepted[] = [];
  const fields = new Map<string, number>();
  for (let i = 0; i < mutants; i++) {
    const source = sources[i % sources.length] ?? new Uint8Array();
    const der = dice.below(3) === 0 ? mutateOctets(source, dice) : mutateTree(source, dice);
    try {
      accepted.push({ der, ...readOcspRequest(der) });
    } catch (thrown) {
      if (!(thrown instanceof OcspRequestError))
        throw new Error(`an untyped error for ${Buffer.from(der).toString('base64')}`, { cause: thrown });
      fields.set(thrown.field, (fields.get(thrown.field) ?? 0) + 1);
    }
  }
  return { accepted, fields };
}

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
const base64 = (octets: Uint8Array) => Buffer.from(octets).toString('base64');
const goNames = { sha1: 'SHA-1', sha256: 'SHA-256' } as const;

/** What Go reads of the first question, in the words of ocspcheck. */
const inGo = ({ digest, issuerNameHash, issuerKeyHash, serial }: CertId) => ({
  error: '',
  serial: BigInt(`0x${hex(serial)}`).toString(),
  hash: digest && goNames[digest],
  issuerNameHash: hex(issuerNameHash),
  issuerKeyHash: hex(issuerKeyHash),
});

describeWith(['go:ocspcheck'], `${mutants} mutants of OCSP requests`, (path) => {
  let all: ReturnType<typeof outcomes> = { accepted: [], fields: new Map() };
  beforeAll(() => {
    all = outcomes();
  }, 120_000);

  it('are read, or refused by the field', () => {
    // The mutants reached every depth of the reader, or this test shows nothing.
    for (const field of ['OCSPRequest', 'tbsRequest', 'requestList', 'requestExtensions', 'optionalSignature'])
      expect(all.fields.get(field) ?? 0, field).toBeGreaterThan(mutants / 2000);

    expect(all.accepted.length).toBeGreaterThan(mutants / 20);
  });

  it('repeat a CertID as it was, and name our issuer by its own hashes alone', () => {
    for (const { der, certIds } of all.accepted) {
      for (const each of certIds) {
        const { digest, issuerNameHash, issuerKeyHash, serial } = each;
        expect(Buffer.from(der).includes(each.der)).toBe(true);
        if (digest === undefined) continue;
        const ours = certId(intermediate, { digest, serial: element(tag.integer, serial) });
        const bare = certId(intermediate, {
          digest,
          serial: element(tag.integer, serial),
          parameters: new Uint8Array(),
        });
        expect([hex(ours), hex(bare)].includes(hex(each.der))).toBe(issuer.isIssuerOf(each));
        expect([issuerNameHash.length, issuerKeyHash.length]).toEqual(digest === 'sha1' ? [20, 20] : [32, 32]);
      }
    }
  });

  it('say to Go what they say to us, where we read them', () => {
    const known = all.accepted.flatMap(({ der, certIds: [first] }) =>
      first?.digest === undefined || namesRequestor(der) ? [] : [{ der, ours: inGo(first) }],
    );
    expect(known.length).toBeGreaterThan(mutants / 20);
    const input = JSON.stringify(known.map(({ der }) => ({ request: base64(der) })));
    const output = execFileSync(path('go:ocspcheck'), { input, encoding: 'utf8', maxBuffer: 256 << 20 });
    const verdicts: readonly { readonly error: string }[] = JSON.parse(output);
    const disputed = known.flatMap(({ der, ours }, at) => {
      const verdict = verdicts[at];
      const agreed = Object.entries(ours).every(([field, value]) => Object(verdict)[field] === value);
      return agreed ? [] : [{ verdict, ours, der: base64(der) }];
    });
    expect(disputed).toEqual([]);
  });
});
