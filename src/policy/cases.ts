import { hash } from 'node:crypto';
import type { Problem } from '#document/problem.ts';
import { formatDuration, parseDuration } from '#document/scalars.ts';
import { Refusal } from '#refusal/refusal.ts';
import { istioId, parseSpiffeId, parseTrustDomain, type SpiffeId } from '#spiffe/spiffe-id.ts';
import type { KeyKind, SignatureAlgorithm } from '#x509/algorithms.ts';
import type { CallerFacts } from './caller.ts';
import { evaluate } from './decide.ts';
import type { PolicyCase } from './document.ts';
import type { PermitTerms } from './permit.ts';
import type { Question, SanFacts, Wish } from './question.ts';
import type { PolicySet } from './set.ts';

export interface CaseResult {
  readonly policy: string;
  readonly file: string;
  readonly name: string;
  readonly passed: boolean;
  /** What came out, for people: `allow, ttl 4h, by payments-p256` or `deny, key.not-allowed`. */
  readonly outcome: string;
  /** For a case that failed: where it stands, and what was expected instead. */
  readonly problem?: Problem;
}

/**
 * Runs the `tests` of every policy against the whole set, since a policy in front can change what one behind it
 * decides. `now` in ms since the epoch.
 */
export function runPolicyTests(set: PolicySet, now: number): readonly CaseResult[] {
  return set.documents.flatMap((document) => {
    const { metadata, spec } = document.content;
    if (spec.mode === 'off') return [];
    return (spec.tests ?? []).map((test, index): CaseResult => {
      const answer = answerTo(test, now, set);
      const outcome = answer instanceof Refusal ? `deny, ${answer.code}` : allowed(answer);
      const differs = difference(test.expect, answer);
      const place = { policy: metadata.name, file: document.file, name: test.name, outcome };
      if (differs === undefined) return { ...place, passed: true };
      const message = `the case "${test.name}" fails: ${differs}; it got ${outcome}`;
      return { ...place, passed: false, problem: document.problem(['spec', 'tests', index, 'expect'], message) };
    });
  });
}

const allowed = ({ ttl, policy }: PermitTerms) => `allow, ttl ${formatDuration(ttl)}, by ${policy}`;

/** Facts that cannot even be written down (an identity that is none) are refused as a request with them would be. */
function answerTo(test: PolicyCase, now: number, set: PolicySet): PermitTerms | Refusal {
  try {
    return evaluate(questionOf(test.given, now), set);
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown;
    throw thrown;
  }
}

function difference(expect: PolicyCase['expect'], answer: PermitTerms | Refusal): string | undefined {
  const decision = answer instanceof Refusal ? 'deny' : 'allow';
  if (decision !== expect.decision) return `expected ${expect.decision}`;
  if (answer instanceof Refusal) {
    if (expect.ttl !== undefined) return 'a refusal has no ttl to expect';
    if (expect.code !== undefined && expect.code !== answer.code) return `expected ${expect.code}`;
    return expect.policy === undefined || expect.policy === answer.detail.policy
      ? undefined
      : `expected ${expect.policy}`;
  }
  if (expect.code !== undefined) return 'a permit has no code to expect';
  if (expect.policy !== undefined && expect.policy !== answer.policy) return `expected policy ${expect.policy}`;
  if (expect.ttl === undefined || answer.ttl === parseDuration(expect.ttl)) return undefined;
  return `expected ttl ${expect.ttl}`;
}

/** The facts of a case, with an ordinary sidecar's where it says nothing. Throws Refusal for an impossible identity. */
export function questionOf(given: PolicyCase['given'], now: number): Question {
  const trustDomain = parseTrustDomain(given.trustDomain ?? 'cluster.local');
  const namespace = given.namespace ?? 'default';
  const serviceAccount = given.serviceAccount ?? 'default';
  const identity =
    given.identity === undefined ? istioId(trustDomain, namespace, serviceAccount) : parseSpiffeId(given.identity);
  const by: CallerFacts = {
    identity,
    authenticator: given.authenticator ?? 'k8s-token',
    credential: {},
    namespace,
    serviceAccount,
    ...(given.cluster !== undefined && { cluster: given.cluster }),
    ...(given.issuerRef !== undefined && { issuerRef: given.issuerRef }),
    ...((given.user ?? given.groups) !== undefined && {
      user: { name: given.user ?? `system:serviceaccount:${namespace}:${serviceAccount}`, groups: given.groups ?? [] },
    }),
  };
  const seconds = Math.floor(now / 1000);
  const isNamed = given.kind === 'end-entity' || given.kind === 'ca';
  const issuerKey = given.issuer?.key ?? 'ec:P-256';
  const sans: SanFacts[] = [
    ...(given.uris ?? (isNamed ? [] : [identity])).map((value) => ({ kind: 'uri', value })),
    ...(given.dns ?? []).map((value) => ({ kind: 'dns', value })),
    ...(given.ips ?? []).map((value) => ({ kind: 'ip', value })),
    ...(given.emails ?? []).map((value) => ({ kind: 'email', value })),
    ...(given.others ?? []).map((value) => ({ kind: 'other', value })),
  ];
  return {
    door: given.door ?? 'istio',
    caller: given.impersonated === true ? { ...by, impersonation: { by } } : by,
    csr: {
      sha256: hash('sha256', given.key, 'hex'),
      key: { kind: given.key, spkiSha256: hash('sha256', given.key, 'hex') },
      signature: given.csrSignature ?? signatureOf(given.key),
      subject: {
        commonName: given.commonName,
        empty: given.commonName === undefined && given.organization === undefined,
        organizations: given.organization === undefined ? [] : [given.organization],
      },
      sans,
      extensionOids: sans.length > 0 ? ['2.5.29.17'] : [],
      keyUsage: undefined,
      extendedKeyUsage: undefined,
      challengePassword: false,
      unknownAttributes: [],
    },
    wish: wishOf(given, identity),
    trustDomains: { primary: trustDomain, aliases: [] },
    issuer: {
      name: given.issuer?.name ?? 'default',
      keyKind: issuerKey,
      algorithm: signatureOf(issuerKey),
      notBefore: seconds - 86_400,
      notAfter: seconds + parseDuration(given.issuer?.remaining ?? '3650d'),
      ...(given.issuer?.pathLength !== undefined && { pathLength: given.issuer.pathLength }),
    },
    now,
    // All zero draws no jitter: a case speaks of the lifetime before it.
    serial: new Uint8Array(20),
  };
}

function wishOf({ kind, ttl, dialect, impersonated, ...given }: PolicyCase['given'], identity: SpiffeId): Wish {
  const above = dialect === 'istio-csr' || kind === 'end-entity' || kind === 'ca' ? 'clamp' : 'reject';
  const common = { ttl: BigInt(parseDuration(ttl ?? '0s')), ttlAbove: above } as const;
  if (kind !== 'end-entity' && kind !== 'ca') {
    const csrNames = dialect === 'istio-csr' ? 'exact' : 'ignore';
    return { ...common, csrNames, ...(impersonated === true && { impersonate: identity }) };
  }
  return {
    ...common,
    kind,
    keyUsage: given.keyUsage ?? usualUses[kind],
    extendedKeyUsage: given.extendedKeyUsage ?? [],
  };
}

/** What cert-manager asks for where its user says nothing (kubernetes.md §1.3). */
const usualUses = {
  'end-entity': ['digitalSignature', 'keyEncipherment'],
  ca: ['digitalSignature', 'keyEncipherment', 'keyCertSign'],
} as const;

const signatures: Readonly<Record<string, SignatureAlgorithm>> = {
  'ec:P-256': 'ecdsa-sha256',
  'ec:P-384': 'ecdsa-sha384',
  'ec:P-521': 'ecdsa-sha512',
  ed25519: 'ed25519',
  'ml-dsa-44': 'ml-dsa-44',
  'ml-dsa-65': 'ml-dsa-65',
  'ml-dsa-87': 'ml-dsa-87',
};

/** The usual signature of a key; RSA, and kinds that nobody allows anyway, with SHA-256. */
function signatureOf(kind: KeyKind | string): SignatureAlgorithm {
  return signatures[kind] ?? (kind.startsWith('rsa:') ? 'rsa-sha256' : 'ecdsa-sha256');
}
