import { hash } from 'node:crypto';
import { certify, draftAuthority, type IssuingAuthority } from '#authority/certify.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { sameBytes } from '#x509/der/reader.ts';
import { serialNumbers } from '#x509/profile/serial.ts';
import { CeremonyError } from './ceremony-error.ts';
import type { StepContext } from './context.ts';
import { certificateMade, keyFacts, keyMade, stepIntended } from './facts.ts';
import type { PlannedCertificate } from './plan.ts';
import type { CeremonyKey, KeyStore, KeyStores } from './ports.ts';

/** First octet of every serial that a ceremony gives; servers have 41..7f. */
const ceremonyOctet = 0x40;

/** Whether this run made it or found it. */
export type Made = 'made' | 'found';

/**
 * The key of a planned CA, made once. A crash before the outcome is written leaves a key that the next run finds by
 * its label and takes up; never a second one. Throws CeremonyError `foreign-key`, `lost-key`, `changed`.
 */
export async function ensureKey(planned: PlannedCertificate, context: StepContext): Promise<[CeremonyKey, Made]> {
  const { journal, record, plan } = context;
  const { label, key: kind } = planned;
  const store = storeOf(planned, context.stores);
  const found = await store.find(label);
  const done = journal.last('key', label);
  if (done !== undefined) return [checkFound(found, planned, done.spkiSha256), 'found'];
  const intent = journal.last('key-intent', label);
  if (found !== undefined && intent === undefined) throw foreign(label);
  if (intent !== undefined && intent.kind !== kind) throw changed(label, `its key was begun as ${intent.kind}`);
  if (intent === undefined) {
    await record(stepIntended(plan, `will make the key ${label} (${kind}, ${planned.keyIn})`));
    await journal.write({ step: 'key-intent', label, kind });
  }
  const key = found ?? (await store.create(label, kind));
  if (key.kind !== kind) throw changed(label, `the key there is ${key.kind}`);
  await record(keyMade(plan, key));
  await journal.write({ step: 'key', label, kind, spki: toBase64(key.signer.spki), ...keyFacts(key) });
  return [key, 'made'];
}

function checkFound(
  found: CeremonyKey | undefined,
  { label, key }: PlannedCertificate,
  spkiSha256: string,
): CeremonyKey {
  if (found === undefined) {
    throw new CeremonyError(
      'lost-key',
      `the journal says that the key ${label} was made, and it is not there any more. Is this the right token or ` +
        'directory? If the key is gone for good, plan a new CA under another label',
    );
  }
  if (hash('sha256', found.signer.spki) !== spkiSha256) {
    throw new CeremonyError('lost-key', `the key ${label} is not the one that the journal knows; it was exchanged`);
  }
  if (found.kind !== key) throw changed(label, `its key was made as ${found.kind}`);
  return found;
}

/**
 * The certificate of a planned CA, made once. The bytes to be signed are in the journal before the key signs them, so
 * a crash after that leaves the same certificate to be made again, and not another one.
 */
export async function ensureCertificate(
  planned: PlannedCertificate,
  key: CeremonyKey,
  issuer: IssuingAuthority,
  context: StepContext,
): Promise<[Certificate, Made]> {
  const { journal, record, plan } = context;
  const { label } = planned;
  const terms = termsDigest(planned, key, issuer);
  const intent = journal.last('certificate-intent', label);
  if (intent !== undefined && intent.terms !== terms) throw changed(label, 'its certificate was made by other terms');
  const done = journal.last('certificate', label);
  if (done !== undefined) return [readCertificate(fromBase64(done.der)), 'found'];
  const tbs = intent === undefined ? draft(planned, key, issuer, context) : fromBase64(intent.tbs);
  if (intent === undefined) {
    await record(stepIntended(plan, `will sign the certificate of ${label}, issued by ${planned.issuerText}`));
    await journal.write({ step: 'certificate-intent', label, terms, tbs: toBase64(tbs) });
  }
  const store = storeOf(planned, context.stores);
  const kept = await keptCertificate(store, label, tbs);
  const certificate = kept ?? (await certify(tbs, issuer.signer));
  if (kept === undefined) await store.storeCertificate(label, certificate.der, certificate.subject);
  await record(certificateMade(plan, planned, certificate, key));
  await journal.write({
    step: 'certificate',
    label,
    sha256: hash('sha256', certificate.der),
    der: toBase64(certificate.der),
  });
  return [certificate, 'made'];
}

/** The certificate that a run before this one had already put beside the key, if it is the one intended. */
async function keptCertificate(store: KeyStore, label: string, tbs: Uint8Array): Promise<Certificate | undefined> {
  const der = await store.findCertificate(label);
  if (der === undefined) return undefined;
  const certificate = readCertificate(der);
  if (sameBytes(certificate.tbs, tbs)) return certificate;
  throw new CeremonyError(
    'foreign-key',
    `the token already holds another certificate under the label ${label}; remove it or choose another label`,
  );
}

function draft(
  planned: PlannedCertificate,
  key: CeremonyKey,
  issuer: IssuingAuthority,
  { plan, clock, entropy }: StepContext,
): Uint8Array {
  const { subject, lifetime, pathLength } = planned;
  return draftAuthority(
    {
      subject,
      lifetime,
      spki: key.signer.spki,
      ...(pathLength === undefined ? {} : { pathLength }),
      ...(planned.role === 'root' ? {} : { trustDomain: plan.trustDomain }),
    },
    issuer,
    { now: Math.floor(clock.now() / 1000), serial: serialNumbers(entropy, ceremonyOctet)() },
  );
}

/** Everything of the plan that decides the certificate: a file that was changed since must not pass for the old one. */
function termsDigest(planned: PlannedCertificate, key: CeremonyKey, issuer: IssuingAuthority): string {
  const { role, label, subjectText, lifetime, pathLength = -1, san = '' } = planned;
  const spkis = [key.signer.spki, issuer.signer.spki].map((spki) => hash('sha256', spki));
  return hash('sha256', JSON.stringify([role, label, subjectText, lifetime, pathLength, san, ...spkis]));
}

function storeOf({ keyIn, label }: PlannedCertificate, stores: KeyStores): KeyStore {
  const store = keyIn === 'memory' ? undefined : stores[keyIn];
  if (store === undefined) throw new CeremonyError('no-store', `no ${keyIn} store is open for the key ${label}`);
  return store;
}

const foreign = (label: string) =>
  new CeremonyError(
    'foreign-key',
    `there is already a key ${label} that this ceremony has no record of. Restore its journal, or choose another label`,
  );

const changed = (label: string, what: string) =>
  new CeremonyError(
    'changed',
    `the file says something else of ${label} than when it was begun: ${what}. Put the file back, or choose another label`,
  );

export const toBase64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
export const fromBase64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));
