import { readFile } from 'node:fs/promises';
import { IssuerError, installIssuer } from '#authority/install-issuer.ts';
import type { IssuerConfig, MemoryKeyConfig } from '#config/server-config.ts';
import type { LiveIssuer } from '#issuance/live-issuer.ts';
import { SoftwareSigner } from '#keys/software/signer.ts';
import { readCertificate } from '#x509/certificate.ts';
import { readPem, toPem } from '#x509/pem.ts';
import { caTbs } from '#x509/profile/ca-certificate.ts';
import { assembleSigned } from '#x509/signed.ts';
import { importSpki, verifySignature } from '#x509/verify-signature.ts';
import { type HsmListener, type OpenKey, openKey, openTokenKey, softwareKey } from './open-key.ts';

export interface OpenIssuer {
  readonly live: LiveIssuer;
  readonly key: OpenKey;
}

export interface IssuerSurroundings {
  readonly trustDomain: string;
  /** Seconds since the epoch. */
  readonly now: () => number;
  readonly serials: () => Uint8Array;
  readonly onHsm: HsmListener;
}

/** Opens an issuer's key and takes it into service. Throws KeyStoreError, IssuerError, or an error of the file system. */
export async function openIssuer(config: IssuerConfig, around: IssuerSurroundings): Promise<OpenIssuer> {
  const roots = await readFile(config.roots, 'utf8');
  if (config.key.kind === 'memory') return bornIssuer(config.name, roots, config.key, around);
  const key = await openKey(config.key, around.onHsm);
  const chain = await readFile(config.key.certificate, 'utf8');
  const live = await installIssuer(
    { name: config.name, chain, roots, signer: key.signer, keyKind: key.kind },
    around.now(),
  );
  return { live, key };
}

const backdate = 120;

/** A key that never leaves memory and its certificate from the root in the HSM; the root is logged out again after. */
async function bornIssuer(
  name: string,
  roots: string,
  config: MemoryKeyConfig,
  around: IssuerSurroundings,
): Promise<OpenIssuer> {
  const root = readCertificate(readPem(await readFile(config.root.certificate, 'utf8'), ['CERTIFICATE']));
  if (root.subjectKeyId === undefined) throw new IssuerError(`issuer ${name}: the root has no subjectKeyIdentifier`);
  const signer = await SoftwareSigner.generate(config.keyType);
  const rootKey = await openTokenKey(config.root.key, around.onHsm);
  try {
    const now = around.now();
    const tbs = caTbs(
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
    const signature = await rootKey.signer.sign(tbs);
    if (!(await verifySignature(importSpki(root.spki), rootKey.signer.algorithm, tbs, signature))) {
      throw new IssuerError(`issuer ${name}: the key at root.pkcs11 is not the one of the root's certificate`);
    }
    const chain = toPem('CERTIFICATE', assembleSigned(tbs, rootKey.signer.algorithm, signature));
    const live = await installIssuer({ name, chain, roots, signer, keyKind: signer.kind }, now);
    return { live, key: softwareKey(signer) };
  } finally {
    await rootKey.signer.close();
  }
}
