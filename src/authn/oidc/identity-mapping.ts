import { Refusal } from '#refusal/refusal.ts';
import { istioId, parseSpiffeId, type SpiffeId, type TrustDomain } from '#spiffe/spiffe-id.ts';

interface MappedIdentity {
  readonly identity: SpiffeId;
  readonly namespace?: string;
  readonly serviceAccount?: string;
}

/** Throws Refusal `authn.failed` when the claims name no identity. */
export type IdentityMapping = (claims: Readonly<Record<string, unknown>>) => MappedIdentity;

/** The default: `sub` is a Kubernetes service account, `system:serviceaccount:<namespace>:<account>`, and nothing else. */
export function serviceAccountMapping(trustDomain: TrustDomain): IdentityMapping {
  return ({ sub }) => {
    const parts = typeof sub === 'string' ? sub.split(':') : [];
    const [system, kind, namespace = '', account = ''] = parts;
    if (parts.length !== 4 || system !== 'system' || kind !== 'serviceaccount') {
      throw new Refusal('authn.failed', 'sub is not system:serviceaccount:<namespace>:<account>');
    }
    checkSegment('the namespace in sub', namespace);
    checkSegment('the service account in sub', account);
    return { identity: istioId(trustDomain, namespace, account), namespace, serviceAccount: account };
  };
}

const hole = /\{([^{}]+)\}/g;

/**
 * A SPIFFE ID with claims by name in braces, `spiffe://{trustDomain}/ns/{team}/sa/{service}`; each claim must be a
 * string that makes one path segment. Throws Error when the template could never give an ID of the trust domain.
 */
export function templateMapping(template: string, trustDomain: TrustDomain): IdentityMapping {
  const filled = template.replaceAll('{trustDomain}', trustDomain);
  const start = `spiffe://${trustDomain}/`;
  if (!filled.startsWith(start)) throw new Error(`the identity template must begin with ${start}`);
  const path = filled.slice(start.length);
  if (path.search(hole) < 0)
    throw new Error('the identity template names no claim: everybody would be the same caller');
  try {
    parseSpiffeId(start + path.replaceAll(hole, 'x'));
  } catch (cause) {
    throw new Error(`the identity template ${template} cannot give a SPIFFE ID`, { cause });
  }
  return (claims) => {
    const id = path.replaceAll(hole, (_, name: string) => {
      const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
      if (typeof value !== 'string') throw new Refusal('authn.failed', `the claim ${name} is missing or no string`);
      return checkSegment(`the claim ${name}`, value);
    });
    return { identity: parseSpiffeId(start + id) };
  };
}

const segment = /^[A-Za-z0-9._-]{1,253}$/;

/** One segment of a SPIFFE path: without this a claim such as `a/sa/b` could speak for another namespace. */
function checkSegment(what: string, value: string): string {
  if (segment.test(value) && value !== '.' && value !== '..') return value;
  throw new Refusal('authn.failed', `${what} is empty or holds what no SPIFFE path segment may`);
}
