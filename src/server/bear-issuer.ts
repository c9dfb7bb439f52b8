import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { IssuerError, installIssuer } from '#authority/install-issuer.ts';
import type { MemoryKeyConfig } from '#config/server-config.ts';
import { SoftwareSigner } from '#keys/software/signer.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { readPem, toPem } from '#x509/pem.ts';
import { caTbs } from '#x509/profile/ca-certificate.ts';
import { assembleSigned } from '#x509/signed.ts';
import { importSpki, verifySignature } from '#x509/verify-signature.ts';
import type { IssuerSurroundings, OpenIssuer } from './open-issuer.ts';
import { type OpenKey, openTokenKey, softwareKey } from './open-key.ts';

const backdate = 120;

/** A key that never leaves memory, and its certificate from the root in the HSM; the root is logged out again after. */
export async function bearIssuer(
  name: string,
  roots: { readonly pem: string; readonly place: string },
  config: MemoryKeyConfig,
  around: IssuerSurroundings,
): Promise<OpenIssuer> {
  const root = readCertificate(readPem(await readFile(config.root.certificate, 'utf8'), ['CERTIFICATE']));
  const signer = await SoftwareSigner.generate(config.keyType);
  const rootKey = await openTokenKey(config.root.key, around.onHsm);
  try {
    const tbs = draft(name, root, rootKey, signer, config, around);
    const certificate = await signOnRecord(name, tbs, root, rootKey, around);
    const chain = toPem('CERTIFICATE', certificate);
    const places = { chain: `key.memory.root.certificate (${config.root.certificate})`, roots: roots.place };
    const material = { name, chain, roots: roots.pem, places, trustDomain: around.trustDomain, signer };
    return { ...installIssuer({ ...material, keyKind: signer.kind }, around.now()), key: softwareKey(signer) };
  } finally {
    await rootKey.signer.close();
  }
}

function draft(
  name: string,
  root: Certificate,
  rootKey: OpenKey,
  signer: SoftwareSigner,
  config: MemoryKeyConfig,
  around: IssuerSurroundings,
): Uint8Array {
  if (root.subjectKeyId === undefined) throw new IssuerError(`issuer ${name}: the root has no subjectKeyIdentifier`);
  const now = around.now();
  return caTbs(
    {
      subject: config.subject,
      issuer: { name: root.subject, keyId: root.subjectKeyId },
      spki: signer.spki,
      serial: around.serials(),
      notBefore: Math.max(now - backdate, root.notBefore),
      notAfter: Math.min(now + config.lifetimeSeconds, root.notAfter),
      pathLength: 0,
      trustDomain: around.trustDomain,
    },
    rootKey.signer.algorithm,
  );
}

/**
 * The root signs only what the log already holds as intended; what came of it is recorded before it is used. A crash
 * between the two leaves an intent without an end and a certificate whose key died with the process.
 */
async function signOnRecord(
  name: string,
  tbs: Uint8Array,
  root: Certificate,
  { signer, facts }: OpenKey,
  around: IssuerSurroundings,
): Promise<Uint8Array> {
  const tbsSha256 = hash('sha256', tbs, 'hex');
  const issuer = { name, certSha256: hash('sha256', root.der, 'hex') };
  await around.record('certificate.intended', { door: 'internal', key: facts, certificate: { issuer, tbsSha256 } });
  const signature = await signer.sign(tbs);
  if (!(await verifySignature(importSpki(root.spki), signer.algorithm, tbs, signature))) {
    const message = `issuer ${name}: the key at root.pkcs11 is not the one of the root's certificate`;
    const reason = 'signer.bad-signature';
    await around.record('certificate.failed', {
      door: 'internal',
      outcome: 'failed',
      reason,
      message,
      certificate: { issuer, tbsSha256 },
    });
    throw new IssuerError(message);
  }
  const certificate = assembleSigned(tbs, signer.algorithm, signature);
  await around.record('certificate.issued', {
    door: 'internal',
    certificate: { issuer, tbsSha256, sha256: hash('sha256', certificate, 'hex'), profile: 'intermediate-v1' },
    certificateDer: Buffer.from(certificate).toString('base64'),
  });
  return certificate;
}
