import type { RelayParts } from '#authority/relayed-serving-certificate.ts';
import { Renewal, type RenewalParts } from '#authority/renewal.ts';
import { issueServingCertificate, type ServingPair, type ServingParts } from '#authority/serving-certificate.ts';
import type { OwnKeyType } from '#config/schema/own-key-type.ts';
import type { ServingConfig } from '#config/sections/serving.ts';
import type { AuditLog } from '#issuance/ports.ts';
import type { KeyStrength } from '#x509/keys/key-strength.ts';
import type { Foundation } from './foundation.ts';
import type { Issuing } from './issuing.ts';
import type { FollowedRoots } from './roots.ts';
import { makeServingKey } from './serving-key.ts';

export interface OwnTerms extends Pick<ServingParts, 'profile' | 'names' | 'lifetime'> {
  readonly keyType: OwnKeyType;
}

/** Certificates for keys of ours, from the default issuer and on the record; nobody else is given one for such a key. */
export class OwnCertificates {
  readonly #foundation: Foundation;
  readonly #issuing: Issuing;
  readonly #log: AuditLog;
  readonly #relay: RelayParts;
  /** Of a chain that does not change a hundred sentences say no more than one. */
  readonly #warned = new Set<string>();

  constructor(
    foundation: Foundation,
    issuing: Issuing,
    log: AuditLog,
    { keyStrength, roots }: { readonly keyStrength: KeyStrength; readonly roots: FollowedRoots },
  ) {
    this.#foundation = foundation;
    this.#issuing = issuing;
    this.#log = log;
    this.#relay = {
      keyStrength,
      ...(foundation.config.fips.level === 'policy' && { level: 'fips' }),
      take: (successor) => roots.takeNamed(successor),
      warn: (issuer, sentence) => this.#warn(issuer, sentence),
    };
  }

  async issue({ keyType, ...terms }: OwnTerms): Promise<ServingPair> {
    const { serials, clock, ids, events } = this.#foundation;
    const pair = await issueServingCertificate({
      ...terms,
      issuer: () => this.#issuing.live.get(undefined),
      makeKey: () => makeServingKey(keyType),
      serials,
      log: this.#log,
      clock,
      eventId: ids,
      instance: events.instance,
      relay: this.#relay,
    });
    this.#issuing.ownKeys.add(pair.spkiSha256);
    return pair;
  }

  /** One of a door of ours, kept fresh from its start on. */
  keep(serving: ServingConfig, use: Pick<RenewalParts<ServingPair>, 'apply' | 'failed'>): Renewal<ServingPair> {
    const { keyType, lifetimeSeconds: lifetime, renewAt } = serving;
    return new Renewal<ServingPair>({
      make: () => this.issue({ profile: 'serving-v1', keyType, names: serving, lifetime }),
      ...use,
      renewAt,
      now: () => this.#foundation.clock.now(),
    });
  }

  #warn(issuer: string, reason: string): void {
    if (this.#warned.has(reason) || this.#warned.size >= 100) return;
    this.#warned.add(reason);
    this.#foundation.logger.warn("an issuer's chain", { issuer, reason });
  }
}
