import { Refusal } from '#refusal/refusal.ts';
import type { Der } from '../algorithms.ts';
import type { CertificateKind } from '../certificate-kind.ts';
import { oidBytes } from '../der/oid.ts';
import { type DerReader, sameBytes } from '../der/reader.ts';
import { isStringTag, readString } from '../der/strings.ts';
import { tag } from '../der/tags.ts';

const commonName = oidBytes('2.5.4.3');
const organizationName = oidBytes('2.5.4.10');
/** Where the subject is copied, a directory's own depth has to fit. */
const mostRdns: Readonly<Record<CertificateKind, number>> = { svid: 8, 'end-entity': 32, ca: 32 };
/** RFC 5280 §A.1, ub-common-name; in characters. */
const longestCommonName = 64;

/** The subject as asked for. It is never copied into an SVID; policy and the record may look at it. */
export interface SubjectFacts {
  readonly der: Der;
  readonly empty: boolean;
  readonly commonName?: string;
  /** Every organizationName, where the subject may be copied. */
  readonly organizations?: readonly string[];
}

/**
 * Name (RFC 5280 §4.1.2.4). Istio's agents send one organizationName of zero length, so lengths at the lower end are
 * nobody's fault. Throws Refusal `csr.subject`.
 */
export function readSubject(info: DerReader, kind: CertificateKind): SubjectFacts {
  const at = info.position;
  const rdns = info.sequence();
  const der = info.bytes.subarray(at, info.position) as Der;
  const commonNames: string[] = [];
  const organizations: string[] | undefined = kind === 'svid' ? undefined : [];
  let count = 0;
  while (rdns.more) {
    if (++count > mostRdns[kind]) refuse(`the subject has more than ${mostRdns[kind]} parts`);
    readRdn(rdns.set(), commonNames, organizations);
  }
  const [first, second] = commonNames;
  if (second !== undefined) refuse('the subject has two common names');
  return {
    der,
    empty: count === 0,
    ...(first !== undefined && { commonName: first }),
    ...(organizations && { organizations }),
  };
}

function readRdn(rdn: DerReader, commonNames: string[], organizations: string[] | undefined): void {
  if (!rdn.more) rdn.fail('an empty RelativeDistinguishedName');
  while (rdn.more) {
    const attribute = rdn.sequence();
    const type = attribute.oid();
    if (sameBytes(type, commonName)) commonNames.push(readCommonName(attribute));
    // what is copied is read by policy and written into the record: all of it is text
    else if (organizations === undefined && attribute.next === tag.bitString) attribute.bitString();
    else {
      const value = readValue(attribute);
      refuseControls(value);
      if (organizations !== undefined && sameBytes(type, organizationName)) organizations.push(value);
    }
    attribute.finish();
  }
}

/** A character string as names may hold it: X.520 knows no VisibleString, and OpenSSL refuses it too. */
function readValue(attribute: DerReader): string {
  if (attribute.next === tag.visibleString || !isStringTag(attribute.next)) refuse('a subject value is no string');
  return readString(attribute);
}

function readCommonName(attribute: DerReader): string {
  const value = readValue(attribute);
  refuseControls(value);
  if ([...value].length > longestCommonName) refuse(`the common name is longer than ${longestCommonName} characters`);
  return value;
}

function refuseControls(value: string): void {
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i);
    if (c < 0x20 || (c >= 0x7f && c < 0xa0)) refuse('the subject holds a control character');
  }
}

function refuse(what: string): never {
  throw new Refusal('csr.subject', what);
}
