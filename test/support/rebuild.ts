import type { AuthenticatorName, CallerFacts } from '#policy/caller.ts';
import type { IssuerFacts, Question } from '#policy/question.ts';
import { parseIstioId, parseSpiffeId, parseTrustDomain } from '#spiffe/spiffe-id.ts';
import type { KeyKind, SignatureAlgorithm } from '#x509/algorithms.ts';
import type { LogRecord } from './records.ts';

/** What decisions hung on besides the request: the server's own settings, as its log has them. */
export interface Surroundings {
  readonly trustDomain: string;
  readonly trustDomainAliases: readonly string[];
  readonly dialect: 'istiod' | 'istio-csr';
  readonly issuers: readonly IssuerFacts[];
}

/** A member of a record, however deep; throws where the record has none. */
export function member(record: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => {
    if (typeof value !== 'object' || value === null) throw new Error(`the record has no ${path.join('.')}`);
    return Object.entries(value).find(([key]) => key === name)?.[1];
  }, record);
}

const authenticators: readonly AuthenticatorName[] = ['client-cert', 'oidc', 'k8s-token', 'xfcc', 'kubernetes-object'];
const text = (record: unknown, ...path: readonly string[]) => String(member(record, ...path));
const list = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);
const seconds = (record: unknown, ...path: readonly string[]) => Date.parse(text(record, ...path)) / 1000;

/** The surroundings from what a server recorded at its start. Of an outside issuer nothing is known beforehand. */
export function surroundingsIn(records: readonly LogRecord[]): Surroundings {
  const config = records.findLast(({ type }) => type === 'config.loaded');
  const content = member(config, 'change', 'content');
  return {
    trustDomain: text(content, 'trustDomain'),
    trustDomainAliases: list(member(content, 'trustDomainAliases')),
    dialect: text(content, 'istio', 'dialect') === 'istio-csr' ? 'istio-csr' : 'istiod',
    issuers: records
      .filter(({ type }) => type === 'issuer.installed')
      .map((record) => ({
        name: text(record, 'certificate', 'issuer', 'name'),
        ...(text(record, 'certificate', 'profile') === 'outside' ? outsideFacts : installedFacts(record)),
      })),
  };
}

const outsideFacts = { notBefore: 0, notAfter: 253_402_300_799 };

const installedFacts = (record: LogRecord) => ({
  notBefore: seconds(record, 'certificate', 'notBefore'),
  notAfter: seconds(record, 'certificate', 'notAfter'),
  keyKind: text(record, 'key', 'algorithm') as KeyKind,
  algorithm: text(record, 'certificate', 'signatureAlgorithm') as SignatureAlgorithm,
});

/**
 * The question that the decision of an issued record answered. What a CSR held beyond its record (subject, usages,
 * attributes) was no objection then, since it was issued, and is left out.
 */
export function questionIn(record: LogRecord, around: Surroundings): Question {
  const issuer = around.issuers.find(({ name }) => name === text(record, 'certificate', 'issuer', 'name'));
  if (issuer === undefined) throw new Error('the log names no such issuer');
  const { notAfter, ttl, drawn } = termsIn(record);
  const { dialect } = around;
  return {
    door: 'istio',
    caller: callerIn(record),
    csr: {
      sha256: text(record, 'request', 'sha256'),
      key: { kind: text(record, 'asked', 'key', 'kind'), spkiSha256: text(record, 'asked', 'key', 'spkiSha256') },
      signature: text(record, 'asked', 'csrSignature'),
      subject: {},
      sans: list(member(record, 'asked', 'sans')).map((san) => {
        const colon = san.indexOf(':');
        return { kind: san.slice(0, colon), value: san.slice(colon + 1) };
      }),
      extensionOids: list(member(record, 'asked', 'extensions')),
      keyUsage: undefined,
      extendedKeyUsage: undefined,
      challengePassword: false,
      unknownAttributes: [],
    },
    wish: {
      ...(member(record, 'asked', 'impersonate') !== undefined && {
        impersonate: text(record, 'asked', 'impersonate'),
      }),
      ttl: BigInt(text(record, 'asked', 'ttl')),
      csrNames: dialect === 'istiod' ? 'ignore' : 'exact',
      ttlAbove: dialect === 'istiod' ? 'reject' : 'clamp',
    },
    trustDomains: {
      primary: parseTrustDomain(around.trustDomain),
      aliases: around.trustDomainAliases.map(parseTrustDomain),
    },
    issuer,
    // The second of the decision: the lifetime is counted from it, and its end is on the record.
    now: (notAfter - ttl + 1) * 1000,
    serial: Buffer.from(drawn, 'hex'),
  };
}

/** What was permitted: where somebody else made the certificate, its own dates and serial number are others. */
function termsIn(record: LogRecord): { notAfter: number; ttl: number; drawn: string } {
  const permitted = member(record, 'decision', 'permitted');
  const [from, drawn] = permitted === undefined ? [member(record, 'certificate'), 'serial'] : [permitted, 'drawn'];
  return { notAfter: seconds(from, 'notAfter'), ttl: Number(member(from, 'ttl')), drawn: text(from, drawn) };
}

/** Where somebody acted for another: the one that the decision was about. */
function callerIn(record: LogRecord): CallerFacts {
  const by = askerIn(record);
  if (record.onBehalfOf === undefined) return by;
  const identity = text(record, 'onBehalfOf', 'identity');
  const { trustDomain: _, ...names } = parseIstioId(identity);
  return { ...by, ...names, identity: parseSpiffeId(identity), impersonation: { by } };
}

function askerIn(record: LogRecord): CallerFacts {
  const optional = (name: string) => {
    const value = member(record, 'caller', name);
    return value === undefined ? {} : { [name]: String(value) };
  };
  return {
    identity: parseSpiffeId(text(record, 'caller', 'identity')),
    authenticator: authenticators.find((each) => each === member(record, 'caller', 'authenticator')) ?? 'oidc',
    credential: {},
    ...optional('cluster'),
    ...optional('namespace'),
    ...optional('serviceAccount'),
  };
}
