import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { IssuerError, installIssuer } from '#authority/install-issuer.ts';
import type { CertManagerIssuerConfig } from '#config/sections/issuers.ts';
import type { OutsideAnswer, OutsideIssuer, OutsideTrail } from '#issuance/ports.ts';
import { SoftwareSigner } from '#keys/software/signer.ts';
import { asRefusal, Refusal } from '#refusal/refusal.ts';
import type { Certificate } from '#x509/certificate.ts';
import { readCertificates } from '#x509/certificates.ts';
import { sameBytes } from '#x509/der/reader.ts';
import { toPem } from '#x509/pem.ts';
import { assembleRequest, caRequestInfo } from '#x509/profile/certification-request.ts';
import type { EventFields } from './events.ts';
import type { IssuerSurroundings, OpenIssuer } from './open-issuer.ts';
import { softwareKey } from './open-key.ts';

/** What approval policies see as the identity of our own CA certificate. */
const label = 'countersign-intermediate';
const maxChain = 12;

/**
 * A key that never leaves memory, and its CA certificate from somebody else's CA, asked for once. Rejects with Refusal
 * `issuer.denied` where there is none to be had, `issuer.unavailable` where there may be later, and with IssuerError for
 * a chain that is none of an issuer.
 */
export async function obtainIssuer(
  config: CertManagerIssuerConfig,
  outside: OutsideIssuer,
  around: IssuerSurroundings,
  signal: AbortSignal,
): Promise<OpenIssuer> {
  const signer = await SoftwareSigner.generate(config.intermediate.keyType);
  const key = softwareKey(signer);
  const chain = await askOnRecord(config, signer, outside, { ...around, key: key.facts }, signal);
  const material = {
    name: config.name,
    chain: chain.chain,
    roots: config.roots === undefined ? named(config.name, chain) : await readFile(config.roots, 'utf8'),
    places: { chain: "the issuer's answer", roots: config.roots ?? 'the CA that the issuer names' },
    trustDomain: around.trustDomain,
    statusUrl: around.statusUrl,
    signer,
    keyKind: signer.kind,
  };
  return { ...installIssuer(material, around.now()), key };
}

/** Without a file of roots the issuer's own word is taken, as istio-csr takes it. */
function named(name: string, { ca }: OutsideAnswer): string {
  if (ca.trim() !== '') return ca;
  throw new IssuerError(`issuer ${name}: it names no CA beside its certificates: configure "roots" of this issuer`);
}

/**
 * Nothing is asked for that the log does not hold as intended, and what came of it is recorded before it is used. A crash
 * in between leaves an intent without an end, and a certificate whose key died with the process.
 */
async function askOnRecord(
  { name, intermediate }: CertManagerIssuerConfig,
  signer: SoftwareSigner,
  outside: OutsideIssuer,
  { key, record, trustDomain }: IssuerSurroundings & { readonly key: NonNullable<EventFields['key']> },
  signal: AbortSignal,
): Promise<OutsideAnswer> {
  const { subject, lifetimeSeconds: seconds } = intermediate;
  const info = caRequestInfo({ subject, spki: signer.spki, pathLength: 0, trustDomain });
  const csr = toPem('CERTIFICATE REQUEST', assembleRequest(info, signer.algorithm, await signer.sign(info)));
  const facts = { issuer: { name }, key: { kind: signer.kind, spkiSha256: hash('sha256', signer.spki, 'hex') } };
  await record('certificate.intended', { door: 'internal', key, certificate: facts });
  let trail: OutsideTrail | undefined;
  const placed = (at: OutsideTrail) => {
    trail = at;
  };
  try {
    const answer = await outside.request({ csr, seconds, purpose: 'authority', label, placed }, signal);
    const certificate = demandCa(answer.chain, signer);
    await record('certificate.issued', {
      door: 'internal',
      certificate: { ...facts, sha256: hash('sha256', certificate.der, 'hex'), profile: 'outside' },
      certificateDer: Buffer.from(certificate.der).toString('base64'),
      outside: { ...answer.trail },
    });
    return answer;
  } catch (thrown) {
    const { code: reason, message } = asRefusal(thrown);
    const failed = { outcome: 'failed', reason, message: `issuer ${name}: ${message}`, certificate: facts } as const;
    await record('certificate.failed', { door: 'internal', ...failed, ...(trail && { outside: { ...trail } }) });
    throw thrown;
  }
}

/** An issuer that signs leaves only does so whatever was asked for: that is its no. */
function demandCa(chain: string, { spki }: SoftwareSigner): Certificate {
  const own = readAll(chain).find((each) => sameBytes(each.spki, spki));
  if (own === undefined) throw new Refusal('issuer.unavailable', 'it sent a certificate for another key than ours');
  if (!own.isCa) throw new Refusal('issuer.denied', 'it signed our key, and no CA certificate');
  return own;
}

function readAll(chain: string): readonly Certificate[] {
  try {
    return readCertificates(chain, maxChain);
  } catch (cause) {
    throw new Refusal('issuer.unavailable', `what it sent cannot be read: ${String(cause)}`, {}, { cause });
  }
}
