import { type FloorKey, type ProfileName, profiles, requiredProfile } from './approved.ts';
import type { Check, Objection } from './check.ts';
import { copiedConstraints } from './copied-constraints.ts';
import type { PolicySpec } from './document.ts';
import { commonName, foreignName, otherIdentity, unlisted } from './floor.ts';
import { isForSvids } from './kinds.ts';
import type { Inquiry } from './question.ts';
import { anyUri } from './uri-pattern.ts';

/** What an allow policy asks of a request it matched, in the order in which it is asked. */
export function constraintsOf(spec: PolicySpec): readonly Check[] {
  return [
    keyType(spec.key?.allow),
    ...level(requiredProfile(spec.require)),
    ...csrSignature(spec.csr?.signatures),
    ...csrContent(spec.csr),
    ...(isForSvids(spec)
      ? [...identityPattern(spec.identity?.patterns), ...csrNames(spec.sans)]
      : copiedConstraints(spec)),
    ...issuerNamed(spec.certificate?.issuer),
    ...issuerHash(spec.certificate?.signatureHash),
  ].filter((check) => check !== undefined);
}

function keyType(allowed: readonly FloorKey[] | undefined): Check | undefined {
  if (allowed === undefined) return undefined;
  const set: ReadonlySet<string> = new Set(allowed);
  return {
    name: 'key type',
    objection: ({ csr }) =>
      set.has(csr.key.kind)
        ? undefined
        : {
            code: 'key.not-allowed',
            sentence: `a ${csr.key.kind} key is not allowed here; use one of ${allowed.join(', ')}`,
            detail: { key: csr.key.kind, allowed: allowed.join(' ') },
          },
    found: ({ csr }) => `${csr.key.kind} is one of ${allowed.join(', ')}`,
  };
}

/** Leaf key, CSR signature, issuer's key and issuer's signature: a level is only as good as the weakest of them. */
function level(name: ProfileName | undefined): Check[] {
  if (name === undefined) return [];
  const profile = profiles[name];
  const keys: ReadonlySet<string> = new Set(profile.keys);
  const signatures: ReadonlySet<string> = new Set(profile.signatures);
  const outside = (what: string, value: string, right: readonly string[]): Objection => ({
    code: 'fips.level',
    sentence: `${what} ${value} is not in profile ${name}; right would be ${right.join(', ')}`,
    detail: { profile: name, found: value },
  });
  return [
    {
      name: `profile ${name}`,
      objection: ({ csr, issuer }) => {
        if (!keys.has(csr.key.kind)) return outside('the key', csr.key.kind, profile.keys);
        if (!signatures.has(csr.signature)) {
          return outside('the signature of the CSR', csr.signature, profile.signatures);
        }
        const { keyKind, algorithm } = issuer;
        if (keyKind !== undefined && !keys.has(keyKind)) return outside("the issuer's key", keyKind, profile.keys);
        if (algorithm === undefined || signatures.has(algorithm)) return undefined;
        return outside("the issuer's signature", algorithm, profile.signatures);
      },
      found: ({ csr, issuer: { keyKind, algorithm } }) =>
        `${csr.key.kind} under ${keyKind ?? 'a key yet to be seen'} with ${algorithm ?? 'an algorithm yet to be seen'}`,
    },
  ];
}

function csrSignature(allowed: readonly string[] | undefined): Check[] {
  if (allowed === undefined) return [];
  const set = new Set(allowed);
  return [
    {
      name: 'CSR signature',
      objection: ({ csr }) =>
        set.has(csr.signature)
          ? undefined
          : {
              code: 'csr.algorithm',
              sentence: `a CSR signed with ${csr.signature} is not allowed here; use one of ${allowed.join(', ')}`,
              detail: { signature: csr.signature },
            },
      found: ({ csr }) => csr.signature,
    },
  ];
}

function csrContent(csr: PolicySpec['csr'] = {}): Check[] {
  const checks: Check[] = [];
  const add = (name: string, objection: Check['objection']) =>
    checks.push({ name, objection, found: () => 'nothing that is refused' });
  if (csr.subject === 'reject') add('CSR subject', (inquiry) => commonName(inquiry.csr));
  if (csr.challengePassword !== 'ignore') add('challenge password', challengePassword);
  if (csr.unknownAttributes !== 'ignore') add('CSR attributes', unknownAttribute);
  if (csr.unlistedExtensions === 'reject') add('CSR extensions', (inquiry) => unlisted(inquiry.csr));
  return checks;
}

const challengePassword = ({ csr }: Inquiry): Objection | undefined =>
  csr.challengePassword
    ? { code: 'csr.challenge-password', sentence: 'the CSR holds a challengePassword; make one without it' }
    : undefined;

function unknownAttribute({ csr }: Inquiry): Objection | undefined {
  const [oid] = csr.unknownAttributes;
  if (oid === undefined) return undefined;
  return {
    code: 'csr.attribute',
    sentence: `the CSR holds attribute ${oid}; only extensionRequest has a meaning here`,
    detail: { attribute: oid },
  };
}

function identityPattern(patterns: readonly string[] | undefined): Check[] {
  if (patterns === undefined) return [];
  const matches = anyUri(patterns);
  return [
    {
      name: 'identity pattern',
      objection: ({ caller }) =>
        matches(caller.identity)
          ? undefined
          : {
              code: 'identity.pattern',
              sentence: `${caller.identity} is not one of the identities that this policy is for`,
            },
      found: () => `one of ${patterns.join(', ')}`,
    },
  ];
}

/** A policy can only tighten what the door's dialect lets through; where it says nothing, the dialect decides. */
function csrNames(sans: PolicySpec['sans'] = {}): Check[] {
  const checks: Check[] = [];
  const found = () => 'as the policy wants them';
  if (sans.uri !== undefined && sans.uri.mode !== 'ignored') {
    const mayMiss = sans.uri.mode === 'optional';
    checks.push({
      name: 'URI in the CSR',
      objection: (inquiry) =>
        mayMiss && !inquiry.csr.sans.some((san) => san.kind === 'uri') ? undefined : otherIdentity(inquiry),
      found,
    });
  }
  for (const kind of ['dns', 'ip', 'email'] as const) {
    if (sans[kind]?.mode !== 'forbidden') continue;
    checks.push({
      name: `no ${kind} name in the CSR`,
      objection: ({ csr }) => foreignName(csr.sans.filter((san) => san.kind === kind)),
      found,
    });
  }
  return checks;
}

function issuerNamed(name: string | undefined): Check[] {
  if (name === undefined || name === '*') return [];
  return [
    {
      name: 'issuer',
      objection: ({ issuer }) =>
        issuer.name === name
          ? undefined
          : {
              code: 'issuer.unknown',
              sentence: `this policy issues from "${name}" alone, not from "${issuer.name}"`,
              detail: { issuer: issuer.name, wanted: name },
            },
      found: () => name,
    },
  ];
}

/** By the issuer's key, hash strength at least key strength (contract §2.1). */
const matchingHash: Readonly<Record<string, string>> = { 'ec:P-256': '256', 'ec:P-384': '384', 'ec:P-521': '512' };

function issuerHash(wanted: 'match-key' | 'sha256' | 'sha384' | 'sha512' = 'match-key'): Check[] {
  const needed = (issuer: Inquiry['issuer']) =>
    wanted === 'match-key' ? matchingHash[issuer.keyKind ?? ''] : wanted.slice('sha'.length);
  return [
    {
      name: 'signature hash',
      objection: ({ issuer }) => {
        const { name, algorithm } = issuer;
        const hash = needed(issuer);
        if (hash === undefined || algorithm === undefined || algorithm.endsWith(`-sha${hash}`)) return undefined;
        return {
          code: 'policy.error',
          sentence: `issuer "${name}" signs with ${algorithm}, the policy wants SHA-${hash}`,
          detail: { issuer: name, algorithm },
        };
      },
      found: ({ issuer }) => issuer.algorithm ?? 'not known before',
    },
  ];
}
