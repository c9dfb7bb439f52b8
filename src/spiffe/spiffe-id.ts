import { Refusal } from '#refusal/refusal.ts';

declare const idBrand: unique symbol;
declare const domainBrand: unique symbol;
/** A checked SPIFFE ID, exactly as written (SPIFFE-ID §2). */
export type SpiffeId = string & { readonly [idBrand]: true };
/** A checked trust domain name, lowercase (SPIFFE-ID §2.1). */
export type TrustDomain = string & { readonly [domainBrand]: true };

const scheme = 'spiffe://';
/** Octets; SPIFFE-ID §2.3 and §2.1. */
const maxIdLength = 2048;
const maxTrustDomainLength = 255;

/** a-z 0-9 . - _ (SPIFFE-ID §2.1). */
const isTrustDomainByte = (c: number) =>
  (c >= 0x61 && c <= 0x7a) || (c >= 0x30 && c <= 0x39) || c === 0x2e || c === 0x2d || c === 0x5f;
/** The same and A-Z (SPIFFE-ID §2.2). */
const isPathByte = (c: number) => isTrustDomainByte(c) || (c >= 0x41 && c <= 0x5a);

function malformed(why: string): never {
  throw new Refusal('identity.malformed', `not a SPIFFE ID: ${why}`);
}

/** Index just past the trust domain that begins at `from`. */
function endOfTrustDomain(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) !== 0x2f) {
    if (!isTrustDomainByte(text.charCodeAt(at))) malformed('a trust domain holds only a-z, 0-9, ".", "-" and "_"');
    at++;
  }
  if (at === from) malformed('the trust domain is empty');
  if (at - from > maxTrustDomainLength) malformed(`the trust domain is longer than ${maxTrustDomainLength} bytes`);
  return at;
}

/** Every segment of the path that begins at `from` is one or more of the allowed bytes, and not "." or "..". */
function checkPath(text: string, from: number): void {
  let segment = from + 1;
  for (let at = segment; at <= text.length; at++) {
    if (at < text.length && text.charCodeAt(at) !== 0x2f) {
      if (!isPathByte(text.charCodeAt(at))) malformed('a path holds only letters, digits, ".", "-", "_" and "/"');
      continue;
    }
    const length = at - segment;
    if (length === 0) malformed('the path has an empty segment or a trailing slash');
    if (length <= 2 && /^\.\.?$/.test(text.slice(segment, at))) malformed('a path segment is "." or ".."');
    segment = at + 1;
  }
}

/** A leaf's SPIFFE ID, path included (X509-SVID §2). Throws Refusal `identity.malformed`. */
export function parseSpiffeId(text: string): SpiffeId {
  if (text.length > maxIdLength) malformed(`longer than ${maxIdLength} bytes`);
  if (!text.startsWith(scheme)) malformed('it must begin with "spiffe://", in lower case');
  const pathAt = endOfTrustDomain(text, scheme.length);
  if (pathAt === text.length) malformed("a workload's ID needs a path after the trust domain");
  checkPath(text, pathAt);
  return text as SpiffeId;
}

/** Throws Refusal `identity.malformed`. */
export function parseTrustDomain(text: string): TrustDomain {
  if (endOfTrustDomain(text, 0) !== text.length) malformed('a trust domain holds no "/"');
  return text as TrustDomain;
}

export function trustDomainOf(id: SpiffeId): TrustDomain {
  return id.slice(scheme.length, id.indexOf('/', scheme.length)) as TrustDomain;
}

/** What Istio's form of an identity names. */
export interface IstioParts {
  readonly trustDomain: TrustDomain;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** A DNS label and a DNS subdomain as Kubernetes has them: lower case, RFC 1123. */
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const maxSubdomainLength = 253;

/**
 * `spiffe://<td>/ns/<ns>/sa/<sa>`, the form Istio uses. Throws Refusal `identity.malformed`; a name with a "/" in it
 * must not be able to write another name's path.
 */
export function istioId(trustDomain: TrustDomain, namespace: string, serviceAccount: string): SpiffeId {
  if (!label.test(namespace)) malformed('a namespace is a DNS label of at most 63 characters');
  if (serviceAccount.length > maxSubdomainLength || !subdomain.test(serviceAccount)) {
    malformed(`a service account is a DNS subdomain of at most ${maxSubdomainLength} characters`);
  }
  return parseSpiffeId(`${scheme}${trustDomain}/ns/${namespace}/sa/${serviceAccount}`);
}

/** The parts of an ID that `istioId` could have written, byte for byte. Throws Refusal `identity.malformed`. */
export function parseIstioId(text: string): IstioParts {
  const trustDomain = trustDomainOf(parseSpiffeId(text));
  const [, , , , namespace = '', , serviceAccount = ''] = text.split('/');
  if (istioId(trustDomain, namespace, serviceAccount) !== text) {
    malformed('it must have the form spiffe://<trust domain>/ns/<namespace>/sa/<service account>');
  }
  return { trustDomain, namespace, serviceAccount };
}
