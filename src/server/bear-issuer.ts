import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { certify, draftAuthority, type IssuingAuthority } from '#authority/certify.ts';
import { IssuerError, installIssuer } from '#authority/install-issuer.ts';
import type { MemoryKeyConfig } from '#config/sections/issuers.ts';
import { SoftwareSigner } from '#keys/software/signer.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { Der } from '#x509/algorithms.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { readPem, toPem } from '#x509/pem.ts';
import type { IssuerSurroundings, OpenIssuer } from './open-issuer.ts';
import { type OpenKey, openTokenKey, softwareKey } from './open-key.ts';

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
    const issuer = { certificate: root, signer: rootKey.signer };
    const tbs = draft(name, issuer, config, { ...around, spki: signer.spki });
    const certificate = await signOnRecord(name, tbs, root, rootKey, around);
    const chain = toPem('CERTIFICATE', certificate);
    const places = { chain: `key.memory.root.certificate (${config.root.certificate})`, roots: roots.place };
    const { trustDomain, statusUrl } = around;
    const material = { name, chain, roots: roots.pem, places, trustDomain, statusUrl, signer };
    return { ...installIssuer({ ...material, keyKind: signer.kind }, around.now()), key: softwareKey(signer) };
  } finally {
    await rootKey.signer.close();
  }
}

function draft(
  name: string,
  issuer: Required<IssuingAuthority>,
  config: MemoryKeyConfig,
  around: IssuerSurroundings & { readonly spki: Der },
): Uint8Array {
  const { subject, lifetimeSeconds: lifetime } = config;
  const terms = { subject, lifetime, spki: around.spki, pathLength: 0, trustDomain: around.trustDomain };
  try {
    return draftAuthority(terms, issuer, { now: around.now(), serial: around.serials() });
  } catch (thrown) {
    if (!(thrown instanceof Refusal || thrown instanceof RangeError)) throw thrown;
    throw new IssuerError(`issuer ${name}: key.memory.root: ${thrown.message}`, { cause: thrown });
  }
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
  const { der } = await certify(tbs, signer).catch(async (thrown: unknown) => {
    const reason = thrown instanceof Refusal ? thrown.code : 'internal';
    const message = `issuer ${name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
    const failed = { outcome: 'failed', reason, message, certificate: { issuer, tbsSha256 } } as const;
    await around.record('certificate.failed', { door: 'internal', ...failed });
    throw thrown;
  });
  await around.record('certificate.issued', {
    door: 'internal',
    certificate: { issuer, tbsSha256, sha256: hash('sha256', der, 'hex'), profile: 'intermediate-v1' },
    certificateDer: Buffer.from(der).toString('base64'),
  });
  return der;
}
