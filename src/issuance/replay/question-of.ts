import type { Entry } from '#audit/entry.ts';
import type { Json } from '#audit/event.ts';
import { isObject, memberOf, textOf } from '#audit/json-object.ts';
import type { AuthenticatorName, CallerFacts } from '#policy/caller.ts';
import { doorNames } from '#policy/permit.ts';
import type { IssuerFacts, NamedWish, Question, SanFacts, SvidWish, Wish } from '#policy/question.ts';
import { parseIstioId, parseSpiffeId } from '#spiffe/spiffe-id.ts';
import type { Certificate } from '#x509/certificate.ts';
import { readSubject } from '#x509/csr/subject.ts';
import { DerReader } from '#x509/der/reader.ts';
import { purposeNames } from '#x509/extended-key-usage.ts';
import { keyUsageNames } from '#x509/key-usage.ts';
import { secondsOf } from './announced-issuers.ts';
import { type Configuration, listOf } from './configurations.ts';
import { Misfit } from './finding.ts';

/** Characters that a record keeps of a name in a CSR. */
const keptOfName = 512;

const authenticators: readonly AuthenticatorName[] = ['client-cert', 'oidc', 'k8s-token', 'xfcc', 'kubernetes-object'];

/**
 * The question that was decided before this certificate was issued. What a CSR held that no record says was no objection
 * then. Throws Misfit, and Refusal for an identity that is none. `leaf`: what a certificate with the names of its request
 * says of these.
 */
export function questionOf(
  entry: Entry,
  leaf: Certificate | undefined,
  { trustDomains, dialect }: Configuration,
  issuer: IssuerFacts,
): Question {
  const { asked } = entry;
  const { now, serial } = momentOf(entry);
  const wish = wishOf(entry, dialect);
  const isNamed = wish.kind !== undefined && wish.kind !== 'svid';
  const caller = callerOf(entry);
  const door = doorNames.find((name) => name === entry.door);
  if (door === undefined) throw new Misfit('kind', `it came by ${textOf(entry.door) ?? 'no door'}`);
  return {
    door,
    caller,
    csr: {
      sha256: textOf(memberOf(entry.request, 'sha256')) ?? '',
      key: {
        kind: textOf(memberOf(memberOf(asked, 'key'), 'kind')) ?? '',
        spkiSha256: textOf(memberOf(memberOf(asked, 'key'), 'spkiSha256')) ?? '',
      },
      signature: textOf(memberOf(asked, 'csrSignature')) ?? '',
      subject: isNamed && leaf !== undefined ? readSubject(DerReader.over(leaf.subject), wish.kind) : subjectOf(asked),
      sans: isNamed ? namesIn(memberOf(entry.certificate, 'sans')) : sansOf(memberOf(asked, 'sans'), caller.identity),
      extensionOids: listOf(memberOf(asked, 'extensions')),
      // What is copied was held against the request by the floor, and stands in the wish.
      keyUsage: isNamed ? undefined : namesOrNone(memberOf(asked, 'ku')),
      extendedKeyUsage: isNamed ? undefined : namesOrNone(memberOf(asked, 'eku')),
      basicConstraints: wish.kind === 'ca' ? constraintsOf(leaf) : undefined,
      challengePassword: memberOf(asked, 'challengePassword') === true,
      unknownAttributes: listOf(memberOf(asked, 'attributes')),
    },
    wish,
    trustDomains,
    issuer,
    now: now * 1000,
    serial,
  };
}

/** Second of the decision, and the octets that jitter was drawn from: where others made the certificate, its own are others. */
export function momentOf({ certificate, decision }: Entry): { readonly now: number; readonly serial: Uint8Array } {
  const permitted = memberOf(decision, 'permitted');
  const from = permitted ?? certificate;
  const notAfter = secondsOf(memberOf(from, 'notAfter'));
  const ttl = memberOf(from, 'ttl');
  const serial = textOf(memberOf(from, permitted === undefined ? 'serial' : 'drawn'));
  if (notAfter === undefined || typeof ttl !== 'number' || serial === undefined)
    throw new Misfit('record', 'it has no notAfter, ttl or serial');
  return { now: notAfter - ttl + 1, serial: Buffer.from(serial, 'hex') };
}

const fromNotBefore = { ttlFrom: 'notBefore' } as const;

function wishOf({ asked, certificate }: Entry, dialect: Configuration['dialect']): Wish {
  const ttl = memberOf(asked, 'ttl');
  const ttlAtMost = memberOf(asked, 'ttlAtMost');
  const span = memberOf(asked, 'span');
  const [least, most] = [memberOf(span, 'least'), memberOf(span, 'most')];
  const kind = memberOf(asked, 'kind') ?? 'svid';
  const usual = dialect === 'istio-csr' || kind !== 'svid' ? 'clamp' : 'reject';
  const above = memberOf(asked, 'above') ?? usual;
  const common = {
    ttl: BigInt(typeof ttl === 'number' ? ttl : 0),
    ttlAbove: above === 'clamp' ? above : 'reject',
    ...(memberOf(asked, 'ttlFrom') === 'notBefore' && fromNotBefore),
    ...(typeof ttlAtMost === 'number' && { ttlAtMost }),
    ...(typeof least === 'number' && typeof most === 'number' && { span: { least, most } }),
  } as const;
  if (kind === 'end-entity' || kind === 'ca') return { ...common, kind, ...usesOf(certificate) };
  if (kind !== 'svid') throw new Misfit('kind', `a certificate of kind ${JSON.stringify(kind)} was asked for`);
  const impersonate = textOf(memberOf(asked, 'impersonate'));
  const csrNames = csrNamesOf(certificate, memberOf(asked, 'names'), dialect);
  return { ...common, csrNames, ...(impersonate !== undefined && { impersonate }) };
}

/** Whatever the door's dialect: the names of a CSR that was passed on are those of the certificate. */
function csrNamesOf(certificate: Json | undefined, names: Json | undefined, dialect: Configuration['dialect']) {
  if (memberOf(certificate, 'profile') === 'outside') return 'exact';
  const known: readonly SvidWish['csrNames'][] = ['ignore', 'exact', 'none'];
  return known.find((each) => each === names) ?? (dialect === 'istio-csr' ? 'exact' : 'ignore');
}

function usesOf(certificate: Json | undefined): Pick<NamedWish, 'keyUsage' | 'extendedKeyUsage'> {
  const uses = listOf(memberOf(certificate, 'ku'));
  const purposes = listOf(memberOf(certificate, 'eku'));
  return {
    keyUsage: uses.flatMap((use) => keyUsageNames.find((name) => name === use) ?? []),
    extendedKeyUsage: purposes.flatMap((purpose) => purposeNames.find((name) => name === purpose) ?? []),
  };
}

const subjectOf = (asked: Json | undefined) => {
  const commonName = textOf(memberOf(asked, 'commonName'));
  return commonName === undefined ? {} : { commonName };
};

function constraintsOf(leaf: Certificate | undefined): Question['csr']['basicConstraints'] {
  const pathLength = leaf?.basicConstraints?.pathLength;
  return { ca: true, ...(pathLength !== undefined && { pathLength }) };
}

const namesOrNone = (value: Json | undefined) => (value === undefined ? undefined : listOf(value));

const namesIn = (value: Json | undefined): readonly SanFacts[] =>
  listOf(value).map((san) => {
    const colon = san.indexOf(':');
    return { kind: san.slice(0, colon), value: san.slice(colon + 1) };
  });

/** A name that was cut, and begins as the identity does, was it: a decision compared it whole. */
const sansOf = (value: Json | undefined, identity: string): readonly SanFacts[] =>
  namesIn(value).map((san) =>
    san.value.length === keptOfName && identity.startsWith(san.value) ? { ...san, value: identity } : san,
  );

/** Where somebody acted for another: the one that the decision was about. */
function callerOf(entry: Entry): CallerFacts {
  const by = askerOf(entry);
  if (entry.onBehalfOf === undefined) return by;
  const identity = textOf(memberOf(entry.onBehalfOf, 'identity')) ?? '';
  const { namespace, serviceAccount } = parseIstioId(identity);
  return { ...by, namespace, serviceAccount, identity: parseSpiffeId(identity), impersonation: { by } };
}

function askerOf({ caller }: Entry): CallerFacts {
  const authenticator = authenticators.find((each) => each === memberOf(caller, 'authenticator'));
  if (authenticator === undefined) throw new Misfit('caller', 'nobody proved who it is');
  const optional = (name: 'cluster' | 'namespace' | 'serviceAccount' | 'issuerRef') => {
    const value = textOf(memberOf(caller, name));
    return value === undefined ? {} : { [name]: value };
  };
  const user = memberOf(caller, 'user');
  return {
    identity: parseSpiffeId(textOf(memberOf(caller, 'identity')) ?? ''),
    authenticator,
    credential: {},
    ...optional('cluster'),
    ...optional('namespace'),
    ...optional('serviceAccount'),
    ...optional('issuerRef'),
    ...(isObject(user) && {
      user: { name: textOf(memberOf(user, 'name')) ?? '', groups: listOf(memberOf(user, 'groups')) },
    }),
  };
}

const accountSubject = /^system:serviceaccount:([^:]+):([^:]+)$/;

/** A token of Kubernetes names an account, and so does the identity that it proves. Throws Misfit where they differ. */
export function demandOwnIdentity({ caller }: Entry): void {
  if (memberOf(caller, 'authenticator') !== 'k8s-token') return;
  const subject = accountSubject.exec(textOf(memberOf(memberOf(caller, 'credential'), 'subject')) ?? '');
  const identity = textOf(memberOf(caller, 'identity')) ?? '';
  if (subject === null || identity.endsWith(`/ns/${subject[1]}/sa/${subject[2]}`)) return;
  throw new Misfit('caller', `the token is of ${subject[1]}/${subject[2]}, and proved to be ${identity}`);
}
