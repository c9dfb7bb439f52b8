import type { CertificateKind } from '#x509/certificate-kind.ts';
import type { PolicySpec } from './document.ts';
import { anyGlob } from './glob.ts';
import { type Inquiry, kindOf } from './question.ts';

/** One key of `match`. All of a policy's must hold. */
export interface MatchTest {
  readonly name: string;
  readonly wanted: string;
  readonly holds: (inquiry: Inquiry) => boolean;
  readonly found: (inquiry: Inquiry) => string;
}

/** A policy without `match` is for everybody. */
export function matchTests({ match = {}, effect }: Pick<PolicySpec, 'match' | 'effect'>): readonly MatchTest[] {
  return [
    // an allow policy that says nothing is about workloads; a deny policy is about everything
    kind(match.kinds ?? (effect === 'allow' ? ['svid'] : undefined)),
    one('door', match.doors, '', (inquiry) => inquiry.door),
    one('cluster', match.clusters, '.', (inquiry) => inquiry.caller.cluster),
    one('trust domain', match.trustDomains, '.', (inquiry) => inquiry.trustDomain),
    one('namespace', match.namespaces, '.', (inquiry) => inquiry.namespace),
    one('service account', match.serviceAccounts, '.', (inquiry) => inquiry.serviceAccount),
    one('authenticator', match.authenticators, '', (inquiry) => inquiry.caller.authenticator),
    acting(match.impersonated),
    one('user', match.users, '', (inquiry) => inquiry.caller.user?.name),
    groups(match.groups),
    one('issuerRef', match.issuerRefs, '/', (inquiry) => inquiry.caller.issuerRef),
  ].flat();
}

function kind(wanted: readonly CertificateKind[] | undefined): MatchTest[] {
  if (wanted === undefined) return [];
  const set = new Set(wanted);
  return [
    {
      name: 'kind of certificate',
      wanted: wanted.join(' or '),
      holds: ({ wish }) => set.has(kindOf(wish)),
      found: ({ wish }) => kindOf(wish),
    },
  ];
}

/** One of the groups that Kubernetes counts the user into. */
function groups(patterns: readonly string[] | undefined): MatchTest[] {
  if (patterns === undefined) return [];
  const matches = anyGlob(patterns, '');
  return [
    {
      name: 'group',
      wanted: patterns.join(' or '),
      holds: ({ caller }) => caller.user?.groups.some(matches) ?? false,
      found: ({ caller }) => caller.user?.groups.join(', ') ?? 'unknown',
    },
  ];
}

/** `true`: a node agent for a workload of its node; `false`: whoever asks for its own identity. */
function acting(wanted: boolean | 'any' = 'any'): MatchTest[] {
  if (wanted === 'any') return [];
  const isActing = ({ caller }: Inquiry) => caller.impersonation !== undefined;
  return [
    {
      name: 'impersonated',
      wanted: String(wanted),
      holds: (inquiry) => isActing(inquiry) === wanted,
      found: (inquiry) => String(isActing(inquiry)),
    },
  ];
}

/** What the caller does not have matches nothing, not even `*`: an unknown namespace is in no policy's namespace. */
function one(
  name: string,
  patterns: readonly string[] | undefined,
  boundaries: string,
  read: (inquiry: Inquiry) => string | undefined,
): MatchTest[] {
  if (patterns === undefined) return [];
  const matches = anyGlob(patterns, boundaries);
  return [
    {
      name,
      wanted: patterns.join(' or '),
      holds: (inquiry) => {
        const value = read(inquiry);
        return value !== undefined && matches(value);
      },
      found: (inquiry) => read(inquiry) ?? 'unknown',
    },
  ];
}

export function matchesAll(tests: readonly MatchTest[], inquiry: Inquiry): boolean {
  for (const test of tests) if (!test.holds(inquiry)) return false;
  return true;
}
