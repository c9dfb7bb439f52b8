/** What kind of certificate somebody should watch; a CRL has an end as well. */
export type CertificateRole = 'serving' | 'intermediate' | 'root' | 'control-plane' | 'crl' | 'api';

/** When the certificates expire that this server lives by. Whoever installs one says so. */
export class Expiries {
  readonly #byRole = new Map<CertificateRole, ReadonlyMap<string, number>>();

  /** Replaces what was known of a role: name → notAfter in seconds since the epoch, in the bundle's order. */
  set(role: CertificateRole, notAfter: Readonly<Record<string, number>>): void {
    this.#byRole.set(role, new Map(Object.entries(notAfter)));
  }

  /** Of the first certificate of that role. */
  first(role: CertificateRole): number | undefined {
    return this.#byRole.get(role)?.values().next().value;
  }

  *all(): Generator<readonly [role: CertificateRole, name: string, notAfter: number]> {
    for (const [role, certificates] of this.#byRole) {
      for (const [name, notAfter] of certificates) yield [role, name, notAfter];
    }
  }
}
