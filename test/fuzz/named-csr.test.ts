import { describe, expect, it } from 'vitest';
import { Refusal } from '#refusal/refusal.ts';
import { describeWith } from '#test/oracles.ts';
import { commonName } from '#test/x509/csr/build.ts';
import { namedRequests } from '#test/x509/csr/named-requests.ts';
import { randomSerial } from '#test/x509/mesh.ts';
import { readCertificate } from '#x509/certificate.ts';
import { VerifiedCsr } from '#x509/csr/verified-csr.ts';
import { DerReader } from '#x509/der/reader.ts';
import { KeyStrength } from '#x509/keys/key-strength.ts';
import { nameText, readName } from '#x509/name.ts';
import { toPem } from '#x509/pem.ts';
import { copiedTbs } from '#x509/profile/ca-certificate.ts';
import { assembleSigned } from '#x509/signed.ts';
import { disputedByGo, namesOf, refusedByOpenssl } from './others-opinion.ts';
import { resigned } from './resigned.ts';

/** `COUNTERSIGN_FUZZ_MUTANTS` makes a longer run. */
const mutants = Number(process.env.COUNTERSIGN_FUZZ_MUTANTS ?? 80_000) / 8;
const checks = { keyStrength: new KeyStrength(), ownKeys: new Set<string>() };
const requests = namedRequests().filter(({ name }) => !/^K-(17|22)/.test(name));

const kinds = ['end-entity', 'ca'] as const;
type Kind = (typeof kinds)[number];

/** What becomes of mutants: the requests that are accepted, and how often each code refuses one; anything else is thrown. */
async function outcomes(kind: Kind, count: number) {
  const accepted: { readonly der: Uint8Array; readonly csr: VerifiedCsr }[] = [];
  const codes = new Map<string, number>();
  const ders = requests.map((request) => request.der);
  for (const der of resigned(ders, count)) {
    try {
      const csr = await VerifiedCsr.read(toPem('CERTIFICATE REQUEST', der), checks, { on: 'loop', kind });
      accepted.push({ der, csr });
    } catch (thrown) {
      if (!(thrown instanceof Refusal) || thrown.code === 'internal')
        throw new Error(`an untyped error for ${Buffer.from(der).toString('base64')}`, { cause: thrown });
      codes.set(thrown.code, (codes.get(thrown.code) ?? 0) + 1);
    }
  }
  return { accepted, codes };
}

/** A certificate with the names of the request, as its readers would see it; nobody looks at the signature. */
function certified({ subject, sanDer, nameConstraintsDer, mustStaple, key: { spki } }: VerifiedCsr, kind: Kind) {
  const issuer = { name: commonName('x'), keyId: new Uint8Array(20) };
  const common = { serial: randomSerial(), notBefore: 0, notAfter: 1, spki, issuer };
  const copied = { subject: subject.der, names: sanDer, nameConstraints: nameConstraintsDer, mustStaple };
  const uses = { keyUsage: [kind === 'ca' ? 'keyCertSign' : 'digitalSignature'], extendedKeyUsage: [] } as const;
  const tbs = copiedTbs({ ...common, ...copied, ...uses, ...(kind === 'ca' && { ca: {} }) }, 'ecdsa-sha256');
  return readCertificate(assembleSigned(tbs, 'ecdsa-sha256', Uint8Array.of(0)));
}

const organizationName = '2.5.4.10';

describe.each(kinds)('mutants of requests for a certificate of kind %s', (kind) => {
  it('P-33: are refused by name, or have in the certificate what policy saw in the request', async () => {
    const { accepted, codes } = await outcomes(kind, mutants);
    for (const { csr } of accepted) {
      const { subject, sans } = csr;
      const certificate = certified(csr, kind);
      expect(certificate.names.map(({ kind: of, text }) => `${of}:${of === 'other' ? '' : text}`)).toEqual(
        sans.map(({ kind: of, value }) => `${of}:${of === 'other' ? '' : value}`),
      );
      const attributes = readName(DerReader.over(certificate.subject)).flat();
      const all = (type: string) => attributes.filter((each) => each.type === type).map(({ value }) => value);
      expect(all(organizationName)).toEqual(subject.organizations);
      expect(all('2.5.4.3')).toEqual(subject.commonName === undefined ? [] : [subject.commonName]);
      expect(certificate.hasEmptySubject).toBe(subject.empty);
      expect(nameText(subject.der)).toBe(certificate.subjectText);
      const constraints = certificate.extension('2.5.29.30')?.value;
      expect(constraints && Buffer.from(constraints)).toEqual(
        csr.nameConstraintsDer && Buffer.from(csr.nameConstraintsDer),
      );
      const features = certificate.extension('1.3.6.1.5.5.7.1.24')?.value;
      expect(features && Buffer.from(features).toString('hex')).toBe(csr.mustStaple ? '3003020105' : undefined);
      if (kind === 'ca') expect(sans.filter((san) => san.kind === 'other')).toEqual([]);
      else
        expect([csr.basicConstraints?.ca ?? false, csr.keyUsage?.includes('keyCertSign') ?? false]).toEqual([
          false,
          false,
        ]);
    }
    // The mutants reached every depth of the reader, or this test shows nothing.
    expect(accepted.length).toBeGreaterThan(mutants / 50);
    for (const code of ['csr.malformed', 'csr.extension', 'csr.san', 'csr.subject', 'csr.attribute'])
      expect(codes.get(code) ?? 0, code).toBeGreaterThan(mutants / 500);
  }, 300_000);
});

describeWith(['go:csrcheck', 'openssl'], 'named requests that we accept, judged by others', (path) => {
  it.each(kinds)(
    'Go and OpenSSL accept those of kind %s, and read the same names',
    async (kind) => {
      const { accepted } = await outcomes(kind, mutants / 2);
      const named = accepted.map(({ der, csr }) => ({ der, names: namesOf(csr) }));
      expect(disputedByGo(path('go:csrcheck'), named)).toEqual([]);
      expect(refusedByOpenssl(path('openssl'), named)).toEqual([]);
    },
    300_000,
  );
});
