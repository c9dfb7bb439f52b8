import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { KubernetesObject } from '#kubernetes/api.ts';
import type { KeyKind } from '#x509/algorithms.ts';
import type { Certificate } from '#x509/certificate.ts';
import { readCertificates } from '#x509/certificates.ts';
import { checkChain } from '#x509/chain/check-chain.ts';
import { sameBytes } from '#x509/der/reader.ts';
import { readSpki } from '#x509/keys/public-key.ts';
import { member, textAt } from './object.ts';

/** Key and chain, PEM, and when they are valid. Holds a secret: never logged. */
export interface Pair {
  readonly key: string;
  readonly chain: string;
  /** Seconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** What a certificate has to be for us to leave it in place. */
export interface Demands {
  readonly dnsNames: readonly string[];
  readonly uri: string;
  readonly keyKind: KeyKind;
  /** PEM. */
  readonly bundle: string;
  /** Part of its life after which the next one is due. */
  readonly renewAt: number;
  /** Seconds since the epoch. */
  readonly now: number;
}

const members = { chain: 'tls.crt', key: 'tls.key', roots: 'ca.crt' } as const;
const most = 64;

/** Seconds since the epoch from which on the pair's successor is due. */
export const dueAt = ({ notBefore, notAfter }: Pair, renewAt: number) => notBefore + (notAfter - notBefore) * renewAt;

/** The pair in a Secret, if it is all that is demanded and not yet due; undefined where it is damaged, foreign or old. */
export function usablePair(secret: KubernetesObject, demands: Demands): Pair | undefined {
  const [chain, key] = [decoded(secret, members.chain), decoded(secret, members.key)];
  try {
    const [leaf, ...intermediates] = readCertificates(chain, most);
    if (leaf === undefined) return undefined;
    const pair = { key, chain, notBefore: leaf.notBefore, notAfter: leaf.notAfter };
    const isGood =
      matches(leaf, key, demands.keyKind) &&
      isNamed(leaf, demands) &&
      chains(leaf, intermediates, demands) &&
      demands.now < dueAt(pair, demands.renewAt);
    return isGood ? pair : undefined;
  } catch {
    // What cannot be read is replaced; the parsers' words may quote it, and it may be a key.
    return undefined;
  }
}

/** The Secret with that pair and those roots; undefined where it holds just that. What else is in it stays. */
export function servingSecret(
  name: string,
  { chain, key }: Pair,
  bundle: string,
  live: KubernetesObject | undefined,
): KubernetesObject | undefined {
  const data = { [members.chain]: encode(chain), [members.key]: encode(key), [members.roots]: encode(bundle) };
  if (live === undefined) {
    return { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { name }, data };
  }
  const held = member(live, 'data');
  if (Object.entries(data).every(([entry, value]) => held[entry] === value)) return undefined;
  return { ...live, data: { ...held, ...data } };
}

function matches(leaf: Certificate, key: string, kind: KeyKind): boolean {
  const spki = createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'der' });
  return sameBytes(spki, leaf.spki) && readSpki(leaf.spki).kind === kind;
}

function isNamed({ names }: Certificate, { dnsNames, uri }: Demands): boolean {
  const held = new Set(names.map(({ kind, text }) => `${kind}:${text}`));
  const wanted = new Set([...dnsNames.map((name) => `dns:${name}`), `uri:${uri}`]);
  return held.symmetricDifference(wanted).size === 0;
}

function chains(target: Certificate, intermediates: readonly Certificate[], { bundle, now }: Demands): boolean {
  return checkChain({ target, intermediates, roots: readCertificates(bundle, most), now, purpose: 'serverAuth' }).good;
}

const decoded = (secret: KubernetesObject, name: string) =>
  Buffer.from(textAt(member(secret, 'data'), name) ?? '', 'base64').toString('latin1');
const encode = (text: string) => Buffer.from(text, 'latin1').toString('base64');
