import type { PublishedCrl } from '#authority/revocation/crl-keeper.ts';
import { bundleCrls, type CrlBundle } from '#authority/revocation/upper-crls.ts';
import type { SigningIssuer } from '#issuance/live-issuer.ts';
import type { Clock } from '#issuance/ports.ts';
import type { Logger } from '#telemetry/log/logger.ts';

export interface FollowedBundleParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly issuers: () => readonly SigningIssuer[];
  readonly crlOf: (keyId: string) => PublishedCrl | undefined;
  /** Whether anybody waits for it, and is to be told what is missing. */
  readonly isWanted: boolean;
}

/** The CRLs of all CAs of all chains in one text, put together again when one of them is another. */
export class FollowedBundle {
  readonly #parts: FollowedBundleParts;
  readonly #listeners: (() => void)[] = [];
  #kept: CrlBundle | undefined;
  #missing = '';

  constructor(parts: FollowedBundleParts) {
    this.#parts = parts;
  }

  onChange(follow: () => void): void {
    this.#listeners.push(follow);
  }

  changed(): void {
    this.#kept = undefined;
    for (const listener of this.#listeners) listener();
  }

  current(): CrlBundle | undefined {
    const now = Math.floor(this.#parts.clock.now() / 1000);
    if (this.#kept === undefined || this.#kept.nextUpdate <= now) this.#kept = this.#make(now);
    return this.#kept;
  }

  #make(now: number): CrlBundle | undefined {
    const { issuers, crlOf, logger, isWanted } = this.#parts;
    // chains that have ended have no certificates below them either
    const chains = issuers().filter(({ facts }) => facts.notAfter > now);
    const made = bundleCrls(chains, crlOf, now);
    const missing = 'missing' in made ? made.missing.join('; ') : '';
    if (isWanted && missing !== this.#missing && missing !== '')
      logger.warn('there is no bundle of CRLs: CAs of our chains have none in force', { issuer: missing });
    this.#missing = missing;
    return 'missing' in made ? undefined : made;
  }
}
