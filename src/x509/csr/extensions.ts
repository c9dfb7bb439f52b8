import { Refusal } from '#refusal/refusal.ts';
import type { Der } from '../algorithms.ts';
import { type NameConstraints, readNameConstraints } from '../certificate-extensions.ts';
import type { CertificateKind } from '../certificate-kind.ts';
import { isWellFormedConstraint } from '../chain/name-forms.ts';
import { oidBytes, oidText } from '../der/oid.ts';
import { type DerReader, sameBytes } from '../der/reader.ts';
import { tag } from '../der/tags.ts';
import { type KeyUsageName, keyUsageNames } from '../key-usage.ts';
import { readSubjectAltName, type SubjectAltName } from './subject-alt-name.ts';

const subjectAltName = oidBytes('2.5.29.17');
const keyUsage = oidBytes('2.5.29.15');
const extendedKeyUsage = oidBytes('2.5.29.37');
const basicConstraints = oidBytes('2.5.29.19');
const mostExtensions = 8;

const nameConstraints = oidBytes('2.5.29.30');
const tlsFeature = oidBytes('1.3.6.1.5.5.7.1.24');
/** Number of the TLS extension status_request (RFC 6066 §8). */
const statusRequest = 5;

/** Nobody may ask for these: they bind a whole chain, or belong to a log's precertificate. */
const forbidden = [
  { oid: nameConstraints, name: 'nameConstraints' },
  { oid: oidBytes('2.5.29.36'), name: 'policyConstraints' },
  { oid: oidBytes('1.3.6.1.4.1.11129.2.4.3'), name: 'the CT poison' },
];

const certificateSigning = (1 << 5) | (1 << 6);

export interface ExtensionFacts {
  readonly sans: readonly SubjectAltName[];
  /** GeneralNames of the subjectAltName, as asked for. */
  readonly sanDer?: Der;
  /** NameConstraints as a CA asks for them. */
  readonly nameConstraintsDer?: Der;
  /** Whether an end entity asks for the TLS feature status_request (RFC 7633): its server has to staple. */
  readonly mustStaple?: boolean;
  /** basicConstraints as asked for. */
  readonly basicConstraints?: BasicConstraintsFacts;
  readonly keyUsage?: readonly KeyUsageName[];
  /** Dotted OIDs, as asked for. */
  readonly extendedKeyUsage?: readonly string[];
  /** Dotted OIDs of all extensions, in the order of the request. */
  readonly oids: readonly string[];
}

export interface BasicConstraintsFacts {
  readonly ca: boolean;
  readonly pathLength?: number;
}

export const noExtensions: ExtensionFacts = { sans: [], oids: [] };

/** Content of `Extensions` (RFC 5280 §4.2) of a request for a certificate of that kind. Throws Refusal `csr.extension` or `csr.san`. */
export function readExtensions(list: DerReader, kind: CertificateKind): ExtensionFacts {
  if (!list.more) refuse('an empty list of extensions');
  const facts: { -readonly [Key in keyof ExtensionFacts]: ExtensionFacts[Key] } & { oids: string[] } = {
    sans: [],
    oids: [],
  };
  while (list.more) {
    const extension = list.sequence();
    const oid = extension.oid();
    const critical = readCritical(extension);
    const value = extension.wrapped();
    extension.finish();
    noteOid(facts.oids, oid);
    if (sameBytes(oid, subjectAltName)) {
      facts.sanDer = value.bytes.subarray(value.position, value.end) as Der;
      facts.sans = readSubjectAltName(value, kind);
    } else if (sameBytes(oid, keyUsage)) facts.keyUsage = readKeyUsage(value, kind);
    else if (sameBytes(oid, extendedKeyUsage)) facts.extendedKeyUsage = readExtendedKeyUsage(value);
    else if (sameBytes(oid, basicConstraints)) facts.basicConstraints = readBasicConstraints(value, kind);
    else if (kind === 'ca' && sameBytes(oid, nameConstraints)) facts.nameConstraintsDer = checkedConstraints(value);
    else if (kind === 'end-entity' && sameBytes(oid, tlsFeature)) facts.mustStaple = readTlsFeature(value, critical);
    else refuseUnlessHarmless(oid, critical);
  }
  return facts;
}

/** DEFAULT FALSE: DER leaves FALSE out. */
function readCritical(extension: DerReader): boolean {
  if (extension.next !== tag.boolean) return false;
  const at = extension.position;
  if (!extension.boolean()) extension.fail('"critical" written though it is FALSE', at);
  return true;
}

function noteOid(oids: string[], oid: Uint8Array): void {
  const text = oidText(oid);
  if (oids.includes(text)) refuse(`extension ${text} appears twice`);
  oids.push(text);
  if (oids.length > mostExtensions) refuse(`more than ${mostExtensions} extensions`);
}

function readKeyUsage(value: DerReader, kind: CertificateKind): readonly KeyUsageName[] {
  const bits = value.namedBits();
  value.finish();
  if (bits >> keyUsageNames.length !== 0) refuse('keyUsage has bits that mean nothing');
  if (bits === 0) refuse('keyUsage has no bit set');
  if (kind !== 'ca' && bits & certificateSigning)
    refuse('keyUsage asks for keyCertSign or cRLSign; a leaf signs no certificates');
  return keyUsageNames.filter((_, bit) => bits & (1 << bit));
}

function readExtendedKeyUsage(value: DerReader): readonly string[] {
  const purposes = value.sequence();
  value.finish();
  const oids: string[] = [];
  while (purposes.more) oids.push(oidText(purposes.oid()));
  if (oids.length === 0) refuse('extendedKeyUsage is empty');
  if (new Set(oids).size !== oids.length) refuse('extendedKeyUsage names a purpose twice');
  return oids;
}

/** Only the empty SEQUENCE says "not a CA" in DER: cA is DEFAULT FALSE, and pathLen needs cA (RFC 5280 §4.2.1.9). */
function readBasicConstraints(value: DerReader, kind: CertificateKind): BasicConstraintsFacts {
  const fields = value.sequence();
  value.finish();
  if (!fields.more) return { ca: false };
  if (fields.next !== tag.boolean) refuse('basicConstraints has a path length but no cA');
  const at = fields.position;
  if (!fields.boolean()) fields.fail('"cA" written though it is FALSE', at);
  if (kind !== 'ca') refuse('basicConstraints asks for a CA certificate');
  if (!fields.more) return { ca: true };
  const pathLength = fields.smallInteger();
  fields.finish();
  if (pathLength < 0) refuse('basicConstraints has a negative path length');
  return { ca: true, pathLength };
}

/** To drop them would give more than was asked for; ztunnel refuses every chain with some about URIs. */
function checkedConstraints(value: DerReader): Der {
  const der = value.bytes.subarray(value.position, value.end) as Der;
  const { permitted, excluded } = readConstraints(der);
  for (const base of [...permitted, ...excluded]) {
    if (base.kind === 'uri') refuse('nameConstraints about URIs cannot be asked for: ztunnel refuses their chains');
    if (!isWellFormedConstraint(base)) refuse(`nameConstraints: "${base.text}" is no subtree of kind ${base.kind}`);
  }
  return der;
}

function readConstraints(der: Uint8Array): NameConstraints {
  try {
    return readNameConstraints(der);
  } catch (thrown) {
    return refuse(`nameConstraints: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

/** RFC 7633 §4.2.1: any other feature would bind a server to what nobody here knows of; never critical (§4). */
function readTlsFeature(value: DerReader, critical: boolean): true {
  if (critical) refuse('the TLS feature extension is critical; RFC 7633 has it the other way');
  const features = value.sequence();
  value.finish();
  if (!features.more) refuse('the TLS feature extension has no feature');
  const feature = features.smallInteger();
  if (feature !== statusRequest || features.more)
    refuse('the TLS feature extension asks for more than status_request, which alone can be had');
  return true;
}

/** What is left is for policy to list; a critical one that we do not understand is not (RFC 5280 §4.2). */
function refuseUnlessHarmless(oid: Uint8Array, critical: boolean): void {
  for (const each of forbidden) if (sameBytes(oid, each.oid)) refuse(`${each.name} cannot be asked for`);
  if (critical) refuse(`critical extension ${oidText(oid)} is not known`);
}

function refuse(what: string): never {
  throw new Refusal('csr.extension', what);
}
