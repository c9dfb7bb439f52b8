import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';

export interface IssuedChain {
  /** Leaf first, then each one's issuer; the root that it ends in comes last. */
  readonly certificates: readonly X509Certificate[];
  /** PEM of leaf and intermediates. */
  readonly chainPem: string;
  /** PEM of every root in the answer. */
  readonly rootsPem: string;
}

/** Longer than any chain of a mesh; a hostile server must not make us loop. */
const longest = 10;

/**
 * The elements of a `cert_chain` (leaf, intermediates, root bundle last) as a chain that was checked: the leaf is for
 * `key`, every signature holds, and it ends in one of the roots. Throws Error that says what does not hold.
 */
export function readIssuedChain(elements: readonly string[], key: KeyObject): IssuedChain {
  const chainPem = elements.slice(0, -1).join('');
  const rootsPem = elements.at(-1) ?? '';
  const [leaf, ...others] = certificatesIn(chainPem);
  if (leaf === undefined) throw new Error('the answer holds no leaf');
  if (!leaf.publicKey.equals(createPublicKey(key))) throw new Error('the leaf is for another key than the CSR');
  return { certificates: follow(leaf, others, certificatesIn(rootsPem)), chainPem, rootsPem };
}

function follow(
  leaf: X509Certificate,
  intermediates: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): readonly X509Certificate[] {
  const chain = [leaf];
  for (let last = leaf; chain.length < longest; ) {
    const root = roots.find((each) => signed(each, last));
    if (root !== undefined) return [...chain, root];
    const next = intermediates.find((each) => !chain.includes(each) && signed(each, last));
    if (next === undefined) break;
    chain.push(next);
    last = next;
  }
  throw new Error('the chain does not end in a root of the answer');
}

const signed = (issuer: X509Certificate, subject: X509Certificate) =>
  subject.checkIssued(issuer) && subject.verify(issuer.publicKey);

function certificatesIn(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}
