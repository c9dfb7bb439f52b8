import type { RevocationReason } from '#x509/revocation-reason.ts';
import type { WantedRevocation } from './document.ts';

/** A revocation that is on the log. Times in whole seconds since the epoch. */
export interface Revocation extends WantedRevocation {
  readonly revokedAt: number;
}

/**
 * Which certificates are revoked, as the log has it: nothing is ever taken back (RFC 5280 §5.3.1 knows no way back but
 * from a hold). A later reason takes the place of an earlier one, never its time.
 */
export class RevocationRegister {
  readonly #byIssuer = new Map<string, Map<string, Revocation>>();
  /** SHA-256 of SPKIs, hex, whose private keys somebody else has. */
  readonly compromisedKeys = new Set<string>();

  find(issuerKeyId: string, serial: string): Revocation | undefined {
    return this.#byIssuer.get(issuerKeyId)?.get(serial);
  }

  /** Whether the log would learn something new from this. */
  isNews({ issuerKeyId, serial, reason }: WantedRevocation): boolean {
    return this.find(issuerKeyId, serial)?.reason !== reason;
  }

  take(revocation: Revocation): void {
    const { issuerKeyId, serial } = revocation;
    const ofIssuer = this.#byIssuer.get(issuerKeyId) ?? new Map<string, Revocation>();
    this.#byIssuer.set(issuerKeyId, ofIssuer);
    const before = ofIssuer.get(serial);
    const revokedAt = Math.min(revocation.revokedAt, before?.revokedAt ?? Infinity);
    ofIssuer.set(serial, { ...before, ...revocation, revokedAt });
    if (marksKey(revocation.reason) && revocation.spkiSha256 !== undefined)
      this.compromisedKeys.add(revocation.spkiSha256);
  }

  /** What a CRL of that key lists that is signed after one of `previous`: what had expired by then has been on one since (RFC 5280 §3.3). */
  listed(issuerKeyId: string, previous: number): Revocation[] {
    const all = this.#byIssuer.get(issuerKeyId)?.values() ?? [];
    return [...all].filter(({ notAfter }) => notAfter === undefined || notAfter >= previous);
  }

  /** Every revocation on the log that `wanted` does not name. */
  *missingFrom(wanted: readonly WantedRevocation[]): Generator<Revocation> {
    const named = new Set(wanted.map(({ issuerKeyId, serial }) => `${issuerKeyId} ${serial}`));
    for (const [issuerKeyId, ofIssuer] of this.#byIssuer)
      for (const [serial, revocation] of ofIssuer) if (!named.has(`${issuerKeyId} ${serial}`)) yield revocation;
  }

  get size(): number {
    return [...this.#byIssuer.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

const marksKey = (reason: RevocationReason) => reason === 'keyCompromise' || reason === 'cACompromise';
