import type { RelayedIssuer } from '#issuance/live-issuer.ts';
import type { OutsideIssuer } from '#issuance/ports.ts';
import { IssuerError } from './install-issuer.ts';
import { RootsError, withRoots } from './roots.ts';

export interface RelayMaterial {
  readonly name: string;
  readonly outside: OutsideIssuer;
  /**
   * PEM of the roots that all it makes has to end in, and the field and file they come from. Absent: those that it names
   * beside each certificate of our own, so that nothing is relayed before there is one.
   */
  readonly roots?: { readonly pem: string; readonly place: string };
}

/** RFC 5280 §4.1.2.5: the last second that a certificate can name, "no end". */
const noEnd = 253_402_300_799;

/** Takes an issuer into service whose certificates somebody else makes. `now` in seconds. Throws IssuerError. */
export function relayIssuer({ name, outside, roots }: RelayMaterial, now: number): RelayedIssuer {
  const live: RelayedIssuer = {
    way: 'relay',
    name,
    outside,
    facts: { name, notBefore: 0, notAfter: noEnd },
    rootsFrom: roots === undefined ? 'issuer' : 'file',
    trusted: [],
    roots: '',
  };
  if (roots === undefined) return live;
  try {
    return withRoots(live, roots.pem, now);
  } catch (thrown) {
    if (!(thrown instanceof RootsError)) throw thrown;
    throw new IssuerError(`issuer ${name}: ${roots.place}: ${thrown.message}`, { cause: thrown });
  }
}
