import { isObject } from '#kubernetes/answer.ts';
import type { KubernetesObject } from '#kubernetes/api.ts';

/** How a CertificateRequest stands. `word` and `why` are others' words, cut and on one line. */
export type Verdict =
  | { readonly kind: 'pending'; readonly word: string }
  | { readonly kind: 'denied'; readonly why: string }
  | { readonly kind: 'issued'; readonly chain: string; readonly ca: string };

/** Octets of PEM that a status may hold: chains and bundles are a few thousand. */
const longestPem = 256 * 1024;
const longestWord = 300;

/**
 * Ends where istio-csr ends: Denied, Ready=False with reason Failed, or a certificate in the status; a no goes before a
 * certificate, also where no webhook of cert-manager keeps the two apart.
 */
export function readVerdict({ status }: KubernetesObject): Verdict {
  const { conditions, certificate = '', ca = '' } = isObject(status) ? status : {};
  const all = Array.isArray(conditions) ? conditions.filter(isObject) : [];
  const no = all.find(isNo);
  if (no !== undefined) return { kind: 'denied', why: wordsOf(no) };
  if (certificate === '') return { kind: 'pending', word: pendingWord(all) };
  const chain = pemOf(certificate);
  const authority = pemOf(ca);
  if (chain === undefined || authority === undefined) return { kind: 'denied', why: 'what it put there is no PEM' };
  return { kind: 'issued', chain, ca: authority };
}

function isNo({ type, status, reason }: KubernetesObject): boolean {
  if (type === 'Denied' || type === 'InvalidRequest') return status === 'True';
  return type === 'Ready' && status === 'False' && (reason === 'Failed' || reason === 'Denied');
}

function pendingWord(conditions: readonly KubernetesObject[]): string {
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (ready !== undefined) return wordsOf(ready);
  const isApproved = conditions.some(({ type, status }) => type === 'Approved' && status === 'True');
  return isApproved ? 'approved, and the issuer has said nothing' : 'not approved';
}

const wordsOf = ({ type, reason, message }: KubernetesObject) =>
  [type, reason, message]
    .filter((word) => typeof word === 'string' && word !== '')
    .join(': ')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    .replace(/[\u0000-\u001f\u007f]+/g, ' ')
    .slice(0, longestWord);

/** Octets as Kubernetes has them in JSON. */
function pemOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > longestPem * 2) return undefined;
  const text = Buffer.from(value, 'base64').toString('latin1');
  return text.length > longestPem ? undefined : text;
}
