import { hash } from 'node:crypto';
import type { LiveIssuer } from '#issuance/live-issuer.ts';
import type { Signer } from '#issuance/ports.ts';
import type { KeyKind } from '#x509/algorithms.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { sameBytes } from '#x509/der/reader.ts';
import { nameText } from '#x509/name.ts';
import { readPemBlocks, toPem } from '#x509/pem.ts';
import { compileLeafTemplate } from '#x509/profile/leaf-template.ts';
import { importSpki, verifySignature } from '#x509/verify-signature.ts';

export interface IssuerMaterial {
  readonly name: string;
  /** PEM: the issuing certificate, then the intermediates above it; a root at the end is dropped. */
  readonly chain: string;
  /** PEM: every live root. */
  readonly roots: string;
  readonly signer: Signer;
  readonly keyKind: KeyKind;
}

/** An issuer cannot be taken into service; the sentence says which file would have to say what. */
export class IssuerError extends Error {
  override readonly name = 'IssuerError';
}

const maxChain = 8;
const maxRoots = 64;

/**
 * Makes an issuer live, or says why not: the key belongs to the certificate, every link of the chain verifies up to a
 * live root, all of it is a CA's and within its time (RFC 5280 §6 is checked in full at import, by `ceremony install`).
 * `now` in seconds. Throws IssuerError.
 */
export async function installIssuer(material: IssuerMaterial, now: number): Promise<LiveIssuer> {
  const fail = (why: string): never => {
    throw new IssuerError(`issuer ${material.name}: ${why}`);
  };
  const roots = readAll(material.roots, maxRoots);
  const chain = readAll(material.chain, maxChain).filter((certificate) => !isRoot(certificate));
  const [issuing] = chain;
  if (issuing === undefined)
    return fail('its chain file holds no intermediate certificate; a root never issues leaves');
  if (!sameBytes(issuing.spki, material.signer.spki))
    return fail('its key does not belong to the first certificate of its chain');
  if (issuing.subjectKeyId === undefined) return fail('its certificate has no subjectKeyIdentifier');
  const root = await topOf(chain, roots);
  if (root === undefined) return fail('its chain does not lead to a certificate of its roots file');
  for (const certificate of [...chain, root]) demandCa(certificate, now, fail);

  const leafIssuer = {
    issuerName: issuing.subject,
    authorityKeyId: issuing.subjectKeyId,
    signatureAlgorithm: material.signer.algorithm,
  };
  const key = importSpki(issuing.spki);
  const { algorithm } = material.signer;
  const path = [...chain, root];
  return {
    name: material.name,
    signer: material.signer,
    template: compileLeafTemplate(leafIssuer),
    leafIssuer,
    profile: 'x509-svid-v1',
    terms: { name: issuing.subject, keyId: issuing.subjectKeyId },
    verify: (tbs, signature) => verifySignature(key, algorithm, tbs, signature),
    facts: {
      name: material.name,
      notBefore: Math.max(...path.map((certificate) => certificate.notBefore)),
      notAfter: Math.min(...path.map((certificate) => certificate.notAfter)),
      keyKind: material.keyKind,
      algorithm,
    },
    intermediates: chain.map((certificate) => toPem('CERTIFICATE', certificate.der)),
    roots: roots.map((certificate) => toPem('CERTIFICATE', certificate.der)).join(''),
    subject: nameText(issuing.subject),
    keyId: Buffer.from(issuing.subjectKeyId).toString('hex'),
    certificateSha256: hash('sha256', issuing.der, 'hex'),
  };
}

function readAll(pem: string, most: number): Certificate[] {
  return readPemBlocks(pem, ['CERTIFICATE'], most).map(({ der }) => readCertificate(der));
}

const isRoot = (certificate: Certificate) => sameBytes(certificate.subject, certificate.issuer);

/** The root that the chain's last certificate was signed by, every link on the way verified. */
async function topOf(chain: readonly Certificate[], roots: readonly Certificate[]): Promise<Certificate | undefined> {
  for (const [i, certificate] of chain.entries()) {
    const above = chain[i + 1];
    if (above !== undefined) {
      if (!(await isSignedBy(certificate, above))) return undefined;
      continue;
    }
    for (const root of roots) if (await isSignedBy(certificate, root)) return root;
  }
  return undefined;
}

async function isSignedBy(certificate: Certificate, issuer: Certificate): Promise<boolean> {
  if (certificate.signatureAlgorithm === undefined || !sameBytes(certificate.issuer, issuer.subject)) return false;
  return verifySignature(
    importSpki(issuer.spki),
    certificate.signatureAlgorithm,
    certificate.tbs,
    certificate.signature,
  );
}

function demandCa(certificate: Certificate, now: number, fail: (why: string) => never): void {
  const who = `"${nameText(certificate.subject)}"`;
  if (!certificate.isCa) fail(`${who} is not a CA certificate`);
  if (certificate.keyUsage?.includes('keyCertSign') !== true) fail(`${who} may not sign certificates (keyUsage)`);
  if (now < certificate.notBefore) fail(`${who} is not valid yet`);
  if (now > certificate.notAfter) fail(`${who} has expired; install its successor`);
}
