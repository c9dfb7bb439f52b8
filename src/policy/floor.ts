import { parseSpiffeId } from '#spiffe/spiffe-id.ts';
import { floorKeys, floorSignatures } from './approved.ts';
import { type Check, type Objection, objectionOf } from './check.ts';
import { copiedObjection } from './copied-floor.ts';
import { type Inquiry, isNamed, type SanFacts, type SvidWish } from './question.ts';

/** What no policy can switch off: it runs before any policy is looked at (contract §5.2, step 1). */
export const floor: readonly Check[] = [
  {
    name: 'identity',
    objection: ({ caller }) => objectionOf(() => parseSpiffeId(caller.identity)),
    found: ({ caller }) => `${caller.identity}, proven by ${caller.authenticator}`,
  },
  {
    name: 'trust domain',
    objection: ({ trustDomain, trustDomains }) =>
      isOurs(trustDomain, trustDomains) ? undefined : foreign(trustDomain, trustDomains.primary),
    found: ({ trustDomain }) => `${trustDomain} is ours`,
  },
  {
    name: 'acts for itself',
    objection: impersonation,
    found: ({ caller: { impersonation: acting } }) =>
      acting === undefined ? 'the caller asks for its own identity' : `${acting.by.identity} may act for it`,
  },
  {
    name: 'key is sound',
    objection: ({ csr }) => (knownKeys.has(csr.key.kind) ? undefined : unsoundKey(csr.key.kind)),
    found: ({ csr }) => `${csr.key.kind} is an approved kind and size`,
  },
  {
    name: 'proof of possession',
    objection: ({ csr }) => (knownSignatures.has(csr.signature) ? undefined : unsound(csr.signature)),
    found: ({ csr }) => `the CSR is signed with ${csr.signature}`,
  },
  {
    name: 'no CA powers',
    objection: caPowers,
    found: ({ wish }) =>
      wish.kind === 'ca' ? 'a CA is what is asked for' : 'the CSR asks for no key usage or extension of a CA',
  },
  {
    name: 'names in the CSR',
    objection: (inquiry) => {
      const { wish } = inquiry;
      return isNamed(wish) ? copiedObjection(inquiry, wish) : namesObjections[wish.csrNames](inquiry);
    },
    found: ({ wish }) => (isNamed(wish) ? 'they are what the certificate names' : namesFound[wish.csrNames]),
  },
  {
    name: 'issuer is valid',
    objection: issuerOutOfTime,
    found: ({ issuer }) => `${issuer.name}, until ${new Date(issuer.notAfter * 1000).toISOString()}`,
  },
];

const namesObjections: Readonly<Record<SvidWish['csrNames'], Check['objection']>> = {
  ignore: () => undefined,
  exact: (inquiry) => inexact(inquiry),
  none: ({ csr }) => nameless(csr),
};

const namesFound: Readonly<Record<SvidWish['csrNames'], string>> = {
  ignore: 'not used: the proven identity decides',
  exact: 'exactly the proven identity',
  none: 'none, as it has to be: the proven identity decides',
};

const knownKeys: ReadonlySet<string> = new Set(floorKeys);
const knownSignatures: ReadonlySet<string> = new Set(floorSignatures);

const isOurs = (trustDomain: string, ours: Inquiry['trustDomains']) =>
  trustDomain === ours.primary || ours.aliases.some((alias) => alias === trustDomain);

const foreign = (trustDomain: string, primary: string): Objection => ({
  code: 'identity.trust-domain',
  sentence: `trust domain "${trustDomain}" is not one of ours; this CA serves "${primary}"`,
  detail: { trustDomain },
});

/** Node authorization decides this before policy, and then the caller has that identity; a wish for another was decided by nobody. */
function impersonation({ wish, caller }: Inquiry): Objection | undefined {
  const { impersonate = '' } = isNamed(wish) ? {} : wish;
  if (impersonate === '' || (impersonate === caller.identity && caller.impersonation !== undefined)) return undefined;
  return {
    code: 'authn.impersonation',
    sentence: 'the identity asked for is not the one proven, and nobody let the caller act for it',
    detail: { asked: impersonate },
  };
}

const unsoundKey = (kind: string): Objection => ({
  code: 'key.not-allowed',
  sentence: `a ${kind} key is never certified here; use ec:P-256 or ec:P-384, or RSA of 2048, 3072 or 4096 bits`,
  detail: { key: kind },
});

const unsound = (algorithm: string): Objection => ({
  code: 'csr.algorithm',
  sentence: `a CSR signed with ${algorithm} proves nothing today; sign it with SHA-256 or stronger`,
  detail: { signature: algorithm },
});

/** RFC 5280 §4.2.1.9-11 and RFC 6962 §3.1: extensions that only a CA, or nobody, may ask for. */
const caExtensions: ReadonlyMap<string, string> = new Map([
  ['2.5.29.30', 'nameConstraints'],
  ['2.5.29.36', 'policyConstraints'],
  ['2.5.29.54', 'inhibitAnyPolicy'],
  ['1.3.6.1.4.1.11129.2.4.3', 'CT poison'],
]);

function caPowers({ csr, wish }: Inquiry): Objection | undefined {
  const isCa = wish.kind === 'ca';
  for (const usage of csr.keyUsage ?? []) {
    if (isCa) break;
    if (usage === 'keyCertSign' || usage === 'cRLSign') return refusedExtension(`keyUsage ${usage}`);
  }
  for (const oid of csr.extensionOids) {
    const name = caExtensions.get(oid);
    if (name !== undefined && !(isCa && name === 'nameConstraints')) return refusedExtension(name);
  }
  return undefined;
}

const refusedExtension = (name: string): Objection => ({
  code: 'csr.extension',
  sentence: `the CSR asks for ${name}, which a workload never gets`,
  detail: { extension: name },
});

const subjectAltName = '2.5.29.17';
const plainExtensions: ReadonlySet<string> = new Set([subjectAltName, '2.5.29.15', '2.5.29.37']);
const plainUsages: ReadonlySet<string> = new Set(['digitalSignature', 'keyEncipherment']);
/** serverAuth and clientAuth. */
const plainPurposes: ReadonlySet<string> = new Set(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);

/** The `exact` dialect (istio-csr): the CSR names the caller's identity, once, and nothing else. */
function inexact(inquiry: Inquiry): Objection | undefined {
  const { csr } = inquiry;
  return foreignName(csr.sans) ?? otherIdentity(inquiry) ?? commonName(csr) ?? unlisted(csr);
}

/** The stub of a PodCertificateRequest brings a key: whatever it names besides, nobody has checked (kubernetes.md §3.3). */
function nameless({ sans, subject, extensionOids }: Inquiry['csr']): Objection | undefined {
  const extra = sans.length > 0 ? 'a subject alternative name' : extensionOids.length > 0 ? 'extensions' : undefined;
  if (extra === undefined && subject.commonName === undefined) return undefined;
  return {
    code: extra === undefined ? 'csr.subject' : 'csr.extension',
    sentence: `the request must bring a key and no more; it has ${extra ?? 'a common name'}`,
  };
}

export function foreignName(sans: Inquiry['csr']['sans']): Objection | undefined {
  const other = sans.find((san) => san.kind !== 'uri');
  if (other === undefined) return undefined;
  return {
    code: 'san.forbidden',
    sentence: `the CSR names a ${other.kind} subject alternative name; only the caller's SPIFFE ID may be named`,
    detail: { kind: other.kind },
  };
}

/** Byte for byte: nothing is parsed and written again before it is compared. */
export function otherIdentity({ csr, caller, trustDomains }: Inquiry): Objection | undefined {
  const [first, second] = csr.sans.filter((san) => san.kind === 'uri');
  if (first?.value === caller.identity && second === undefined) return undefined;
  const [, , asked = ''] = first?.value.startsWith('spiffe://') ? first.value.split('/', 3) : [];
  if (second === undefined && asked !== '' && !isOurs(asked, trustDomains)) return foreign(asked, trustDomains.primary);
  return {
    code: 'identity.mismatch',
    sentence: `the CSR must name exactly ${caller.identity}; it names ${namesHowMany(first, second)}`,
  };
}

function namesHowMany(first: SanFacts | undefined, second: SanFacts | undefined): string {
  if (first === undefined) return 'no URI';
  return second === undefined ? 'another URI' : 'more than one URI';
}

export function commonName({ subject: { commonName: name } }: Inquiry['csr']): Objection | undefined {
  if (name === undefined || name === '') return undefined;
  return { code: 'csr.subject', sentence: 'the CSR has a common name; a SPIFFE identity stands in the URI name alone' };
}

/** Beyond subjectAltName, keyUsage and extendedKeyUsage with the values a leaf gets anyway. */
export function unlisted({ extensionOids, keyUsage, extendedKeyUsage }: Inquiry['csr']): Objection | undefined {
  const oid = extensionOids.find((each) => !plainExtensions.has(each));
  if (oid !== undefined) return refusedExtension(`extension ${oid}`);
  const usage = keyUsage?.find((each) => !plainUsages.has(each));
  if (usage !== undefined) return refusedExtension(`keyUsage ${usage}`);
  const purpose = extendedKeyUsage?.find((each) => !plainPurposes.has(each));
  return purpose === undefined ? undefined : refusedExtension(`extendedKeyUsage ${purpose}`);
}

function issuerOutOfTime({ issuer, now }: Inquiry): Objection | undefined {
  const seconds = Math.floor(now / 1000);
  if (seconds > issuer.notAfter) {
    return { code: 'issuer.expired', sentence: `issuer "${issuer.name}" has expired`, detail: { issuer: issuer.name } };
  }
  if (seconds >= issuer.notBefore) return undefined;
  return {
    code: 'issuer.unavailable',
    sentence: `issuer "${issuer.name}" is not valid yet`,
    detail: { issuer: issuer.name },
  };
}
