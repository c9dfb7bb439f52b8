import { hash } from 'node:crypto';
import type { AuditEvent } from '#audit/event.ts';
import type { SigningIssuer } from '#issuance/live-issuer.ts';
import type { AuditLog, Clock } from '#issuance/ports.ts';
import { readCrl } from '#x509/chain/crl.ts';
import { readPem } from '#x509/pem.ts';
import { Renewal } from '../renewal.ts';
import type { RevocationRegister } from './register.ts';
import { crlNumberOctets, revokedEntries, signCrl, statusBackdate } from './sign-crl.ts';

/** A CRL that may be handed out. Times in seconds since the epoch. */
export interface PublishedCrl {
  readonly der: Uint8Array;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

/** Where CRLs are kept over a restart, by the key that signed them, lower-case hexadecimal. */
export interface CrlFiles {
  read(issuerKeyId: string): Promise<Uint8Array | undefined>;
  /** Resolves once it is durable. */
  write(issuerKeyId: string, der: Uint8Array): Promise<void>;
}

export interface CrlKeeperParts {
  readonly register: RevocationRegister;
  readonly log: Pick<AuditLog, 'append'>;
  readonly event: (
    type: 'crl.published',
    fields: Pick<AuditEvent, 'certificate' | 'revocation' | 'change'>,
  ) => AuditEvent;
  readonly files: CrlFiles;
  readonly clock: Clock;
  /** Seconds from one CRL's making to its nextUpdate. */
  readonly lifetime: number;
  /** Keeps the numbers of two servers apart that sign with the same key: 0..255. */
  readonly octet: number;
  readonly published: (issuer: SigningIssuer, nextUpdate: number) => void;
  readonly failed: (issuer: SigningIssuer, error: unknown, retryInMs: number) => void;
}

/** Part of its lifetime after which a CRL gives way to the next: two tries of a day are left where it lives for a week. */
const renewAt = 0.5;

/**
 * One current CRL for each of our keys. Each is drafted, signed, verified, read back, recorded, and put on stable storage
 * before anybody is handed it; until then, and where it cannot be made, the one before it stays.
 */
export class CrlKeeper {
  readonly #parts: CrlKeeperParts;
  readonly #byKey = new Map<string, KeptCrl>();

  constructor(parts: CrlKeeperParts) {
    this.#parts = parts;
  }

  /** Keeps a CRL for each of these keys from here on, and for those of before: their certificates live on. */
  follow(issuers: readonly SigningIssuer[]): void {
    for (const issuer of issuers) {
      const kept = this.#byKey.get(issuer.keyId);
      if (kept !== undefined) {
        kept.issuer = issuer;
        continue;
      }
      const fresh = new KeptCrl(issuer, this.#parts);
      this.#byKey.set(issuer.keyId, fresh);
      fresh.start();
    }
  }

  /** Signs anew for those keys; what is of none of them is no business of ours. Resolves when it is done, or was tried. */
  async changed(issuerKeyIds: Iterable<string>): Promise<void> {
    await Promise.all([...new Set(issuerKeyIds)].map((id) => this.#byKey.get(id)?.renew()));
  }

  get(issuerKeyId: string): PublishedCrl | undefined {
    return this.#byKey.get(issuerKeyId)?.current;
  }

  /** The issuing certificate of that key, DER. */
  certificate(issuerKeyId: string): Uint8Array | undefined {
    const [pem] = this.#byKey.get(issuerKeyId)?.issuer.intermediates ?? [];
    return pem === undefined ? undefined : readPem(pem, ['CERTIFICATE']);
  }

  /** The issuers whose CRLs are kept, past ones too. */
  issuers(): SigningIssuer[] {
    return [...this.#byKey.values()].map(({ issuer }) => issuer);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#byKey.values()].map((each) => each.stop()));
  }
}

class KeptCrl {
  issuer: SigningIssuer;
  current: PublishedCrl | undefined;
  readonly #parts: CrlKeeperParts;
  readonly #renewal: Renewal<{ readonly notBefore: number; readonly notAfter: number }>;
  #number = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(issuer: SigningIssuer, parts: CrlKeeperParts) {
    this.issuer = issuer;
    this.#parts = parts;
    this.#renewal = new Renewal({
      make: () => this.#make(),
      apply: () => undefined,
      failed: (error, retryInMs) => parts.failed(this.issuer, error, retryInMs),
      renewAt,
      now: () => parts.clock.now(),
    });
  }

  start(): void {
    this.#running = this.#takeUp()
      .catch((error: unknown) => this.#parts.failed(this.issuer, error, 0))
      .then(() => this.#renewal.renew());
  }

  /** After those that are under way: each reads the register when its turn comes. */
  renew(): Promise<void> {
    this.#running = this.#running.then(() => this.#renewal.renew());
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#renewal.stop();
    await this.#running;
  }

  /** The one that was published last: numbers go on from it, and it is handed out where no new one can be signed. */
  async #takeUp(): Promise<void> {
    const der = await this.#parts.files.read(this.issuer.keyId);
    if (der === undefined) return;
    const crl = readCrl(der);
    this.#number = Number(BigInt(`0x${Buffer.from(crl.number).toString('hex')}`));
    if (await this.issuer.verify(crl.tbs, crl.signature)) this.#show(der, crl);
  }

  async #make(): Promise<{ notBefore: number; notAfter: number }> {
    const { issuer } = this;
    const { register, clock, files, log, event, lifetime } = this.#parts;
    const now = Math.floor(clock.now() / 1000);
    const listed = register.listed(issuer.keyId, this.current?.thisUpdate ?? 0);
    const number = this.#nextNumber();
    const terms = {
      issuer: issuer.terms,
      number: crlNumberOctets(number),
      thisUpdate: now - statusBackdate,
      nextUpdate: now + lifetime,
      revoked: revokedEntries(listed),
    };
    const der = await signCrl(terms, issuer);
    await log.append(
      event('crl.published', {
        certificate: { issuer: { certSha256: issuer.certificateSha256, keyId: issuer.keyId, name: issuer.name } },
        change: { afterSha256: hash('sha256', der, 'hex'), kind: 'crl', size: listed.length },
        revocation: { crlNumber: number },
      }),
    );
    // A crash here leaves a record of a CRL that nobody has; the next one has a higher number still.
    await files.write(issuer.keyId, der);
    this.#show(der, terms);
    return { notBefore: now, notAfter: terms.nextUpdate };
  }

  /** Rises with time and past the last one, whatever the clock does; the last octet is this server's own (RFC 5280 §5.2.3). */
  #nextNumber(): number {
    const { clock, octet } = this.#parts;
    const last = Math.floor(this.#number / 256);
    this.#number = Math.max(Math.floor(clock.now()), last + 1) * 256 + octet;
    return this.#number;
  }

  #show(
    der: Uint8Array,
    { thisUpdate, nextUpdate }: { readonly thisUpdate: number; readonly nextUpdate: number },
  ): void {
    this.current = { der, thisUpdate, nextUpdate };
    this.#parts.published(this.issuer, nextUpdate);
  }
}
