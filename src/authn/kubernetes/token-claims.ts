import type { CredentialFacts } from '#policy/caller.ts';
import { isCompact } from '../oidc/bearer.ts';
import { type NamedObject, refuseToken } from './proven-token.ts';

/** A JWS whose header and payload are JSON objects; nothing of it is proven. */
export interface DecodedToken {
  readonly header: Members;
  readonly payload: Members;
}

/** What a service-account token says (contract kubernetes.md §5.1), well-formed. Times in seconds since the epoch. */
export interface TokenClaims {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly expires: number;
  readonly notBefore?: number;
  readonly issuedAt?: number;
  readonly jti?: string;
  readonly namespace: string;
  readonly serviceAccount: NamedObject;
  readonly pod?: NamedObject;
  readonly node?: NamedObject;
  /** Members of `kubernetes.io` besides these, such as `secret`. */
  readonly others: readonly string[];
}

type Members = Readonly<Record<string, unknown>>;

const threeParts = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Undefined for what is no JWT. Throws Refusal `authn.failed` for one whose signature could be spelled otherwise. */
export function decodeToken(token: string): DecodedToken | undefined {
  if (!isCompact(token)) return threeParts.test(token) ? refuseToken('its signature has bits to spare') : undefined;
  const [header, payload] = token.split('.', 2).map(parsePart);
  return isMembers(header) && isMembers(payload) ? { header, payload } : undefined;
}

/** True for a token that an API server made for a service account, by its own claims. */
export const speaksOfServiceAccount = ({ payload }: DecodedToken): boolean => isMembers(payload['kubernetes.io']);

/** Throws Refusal `authn.failed` for claims that no API server writes, or whose `sub` says something else. */
export function readClaims({ header, payload }: DecodedToken): TokenClaims {
  // RFC 7797 §7: no JWT has it; readers differ over one that has it and does not call it critical
  if (header.b64 !== undefined) refuseToken('it has b64 in its header');
  const kubernetes = payload['kubernetes.io'];
  if (!isMembers(kubernetes)) refuseToken('it has no claim kubernetes.io');
  const { namespace, serviceaccount, pod, node, warnafter: _, ...others } = kubernetes;
  if (!isName(namespace)) refuseToken('its kubernetes.io.namespace is no name');
  const serviceAccount = readNamed('serviceaccount', serviceaccount);
  if (payload.sub !== `system:serviceaccount:${namespace}:${serviceAccount.name}`) {
    refuseToken('its sub is not the service account of kubernetes.io');
  }
  const notBefore = readTime('nbf', payload.nbf);
  const issuedAt = readTime('iat', payload.iat);
  return {
    issuer: typeof payload.iss === 'string' ? payload.iss : refuseToken('its iss is no text'),
    audiences: readAudiences(payload.aud),
    expires: readTime('exp', payload.exp) ?? refuseToken('it has no exp'),
    ...(notBefore !== undefined && { notBefore }),
    ...(issuedAt !== undefined && { issuedAt }),
    ...(typeof payload.jti === 'string' && { jti: payload.jti }),
    namespace,
    serviceAccount,
    ...(pod !== undefined && { pod: readNamed('pod', pod) }),
    ...(node !== undefined && { node: readNamed('node', node) }),
    others: Object.keys(others),
  };
}

/** Longest claim that is worth a place in the record. */
const maxFact = 256;

/** For the record. `audience` as the token has it, whoever else it is meant for. */
export function credentialOf(claims: TokenClaims, kid: unknown): CredentialFacts {
  const short = (value: unknown): value is string => typeof value === 'string' && value.length <= maxFact;
  const { issuer, namespace, serviceAccount, jti, expires, audiences } = claims;
  return {
    audience: audiences.filter(short).slice(0, 8),
    ...(short(issuer) && { issuer }),
    subject: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
    ...(short(jti) && { jti }),
    expires: Math.floor(expires),
    ...(short(kid) && { kid }),
  };
}

const name = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/** A DNS subdomain (RFC 1123), which all these objects are named by: one path segment of a SPIFFE ID and of a URL. */
export const isName = (value: unknown): value is string => typeof value === 'string' && name.test(value);

function readNamed(what: string, value: unknown): NamedObject {
  if (!isMembers(value) || !isName(value.name)) refuseToken(`its kubernetes.io.${what} has no name`);
  if (!isUid(value.uid)) refuseToken(`its kubernetes.io.${what} has no uid`);
  return { name: value.name, uid: value.uid };
}

export const isUid = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= maxFact;

/** Seconds since the epoch at the end of the year 9999; readers with 64-bit clocks wrap far beyond it. */
const maxTime = 253_402_300_799;

function readTime(what: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && value >= 0 && value <= maxTime) return value;
  return refuseToken(`its ${what} is no time of this calendar`);
}

function readAudiences(value: unknown): readonly string[] {
  const list: unknown = typeof value === 'string' ? [value] : value;
  const isText = (each: unknown): each is string => typeof each === 'string';
  return Array.isArray(list) && list.every(isText) ? list : refuseToken('its aud is no list of texts');
}

function parsePart(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
