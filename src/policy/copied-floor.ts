import { parseSpiffeId, parseTrustDomain } from '#spiffe/spiffe-id.ts';
import { purposes, purposeText } from '#x509/extended-key-usage.ts';
import { type Objection, objectionOf } from './check.ts';
import type { Inquiry, NamedWish, SanFacts } from './question.ts';

/** A certificate with more names is no certificate of one service. */
const mostNames = 100;
/** As long as a SPIFFE ID may be, in characters. */
const longestName = 2_048;
/** subjectAltName, keyUsage, extendedKeyUsage, basicConstraints, nameConstraints: what a certificate here can carry. */
const carried: ReadonlySet<string> = new Set(['2.5.29.17', '2.5.29.15', '2.5.29.37', '2.5.29.19', '2.5.29.30']);
/** RFC 7633: what a server says in TLS; a CA would bind all below it (§4.2.2). */
const tlsFeature = '1.3.6.1.5.5.7.1.24';

/**
 * What no policy can switch off of a certificate that names what its request names: object and CSR say the same, nothing
 * is dropped unseen, and nobody becomes two workloads, or the administrator of a cluster.
 */
export function copiedObjection({ csr }: Inquiry, wish: NamedWish): Objection | undefined {
  const { sans, subject } = csr;
  const unknown = csr.extensionOids.find(
    (oid) => !carried.has(oid) && !(oid === tlsFeature && wish.kind === 'end-entity'),
  );
  if (unknown !== undefined)
    return extension(`the CSR asks for extension ${unknown}, which is not given here; leave it out`);
  const unfit = unfitUses(wish) ?? disagreementOf(csr, wish);
  if (unfit !== undefined) return extension(unfit);
  if (sans.length === 0 && (subject.empty ?? subject.commonName === undefined))
    return { code: 'csr.san', sentence: 'the CSR names nobody: it needs a subject alternative name or a subject' };
  if (sans.length > mostNames)
    return { code: 'csr.san', sentence: `the CSR has ${sans.length} names; ${mostNames} are the most` };
  if (sans.some(({ value }) => value.length > longestName))
    return { code: 'csr.san', sentence: `the CSR has a name of more than ${longestName} characters` };
  // JSON writes each of these as two: a record would be longer than a request can be
  if (sans.some(({ kind, value }) => kind === 'email' && /["\\]/.test(value)))
    return { code: 'csr.san', sentence: 'the CSR has an email name with quotes, which is not given here' };
  if (subject.organizations?.includes('system:masters'))
    return {
      code: 'csr.subject',
      sentence: 'organization system:masters is never given: to Kubernetes it is every right',
    };
  return moreThanOneWorkload(sans) ?? noSpiffeId(sans, wish.kind);
}

const isSpiffe = ({ kind, value }: SanFacts) => kind === 'uri' && /^spiffe:/i.test(value);

/** X509-SVID §2: exactly one URI, so that nobody reads another identity than we do. */
function moreThanOneWorkload(sans: readonly SanFacts[]): Objection | undefined {
  if (sans.filter(({ kind }) => kind === 'uri').length < 2 || !sans.some(isSpiffe)) return undefined;
  return { code: 'san.forbidden', sentence: 'a SPIFFE ID stands in a certificate with no other URI beside it' };
}

/** What readers of SPIFFE IDs would each read in their own way; that of a CA may be a trust domain alone (X509-SVID §3.1). */
function noSpiffeId(sans: readonly SanFacts[], kind: NamedWish['kind']): Objection | undefined {
  const id = sans.find(isSpiffe)?.value;
  if (id === undefined) return undefined;
  const [, domain] = kind === 'ca' ? (/^spiffe:\/\/([^/]*)$/.exec(id) ?? []) : [];
  return objectionOf(() => (domain === undefined ? parseSpiffeId(id) : parseTrustDomain(domain)));
}

/** RFC 5280 §4.2.1.3: nobody but a CA signs certificates, and every certificate is for something. */
function unfitUses({ kind, keyUsage, extendedKeyUsage }: NamedWish): string | undefined {
  const signing = keyUsage.find((use) => use === 'keyCertSign' || use === 'cRLSign');
  if (kind === 'end-entity' && signing !== undefined)
    return `the request's usages say ${signing}, which is for a CA alone`;
  // without the extension it could be used for anything, and its path length would be nobody's
  if (kind === 'ca' && keyUsage.length === 0)
    return `the request is for ${nameOf(true)}, and its usages say no key usage`;
  return keyUsage.length + extendedKeyUsage.length === 0 ? "the request's usages say nothing" : undefined;
}

/** What whoever asks says beside the CSR, and what the CSR says itself: cert-manager's webhook would compare them (kubernetes.md §1.3). */
function disagreementOf(csr: Inquiry['csr'], { kind, keyUsage, extendedKeyUsage }: NamedWish): string | undefined {
  const { basicConstraints } = csr;
  const isCa = kind === 'ca';
  if (basicConstraints !== undefined && basicConstraints.ca !== isCa)
    return `the CSR asks for ${nameOf(basicConstraints.ca)}, the request for ${nameOf(isCa)}`;
  if (csr.keyUsage === undefined && csr.extendedKeyUsage === undefined) return undefined;
  const uses = csr.keyUsage ?? [];
  if (uses.length !== keyUsage.length || !keyUsage.every((use) => uses.includes(use)))
    return `the CSR's keyUsage is ${listOf(uses)}, the request's usages say ${listOf(keyUsage)}`;
  const listed = csr.extendedKeyUsage ?? [];
  const wanted = extendedKeyUsage.map((name) => purposes[name]);
  if (listed.length === wanted.length && listed.every((oid, at) => oid === wanted[at])) return undefined;
  return `the CSR's extendedKeyUsage is ${listOf(listed.map(purposeText))}, the request's usages say ${listOf(extendedKeyUsage)}, in this order`;
}

const nameOf = (ca: boolean) => (ca ? 'a CA certificate' : 'the certificate of an end entity');
const listOf = (names: readonly string[]) => (names.length === 0 ? 'nothing' : names.join(', '));

const extension = (sentence: string): Objection => ({ code: 'csr.extension', sentence });
