import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type UpperCrl, UpperCrlError, UpperCrls } from '#authority/revocation/upper-crls.ts';
import type { SigningIssuer } from '#issuance/live-issuer.ts';
import type { Clock } from '#issuance/ports.ts';
import type { Logger } from '#telemetry/log/logger.ts';
import { readCertificates } from '#x509/certificates.ts';
import { nameText } from '#x509/name.ts';
import { Looks } from '../looks.ts';

/** ms between two looks at the files, as for what is revoked. */
const lookEveryMs = 5_000;
/** Seconds before its end, or half of its life where that is shorter, from which on a CRL is warned of. */
const nearTheEnd = 30 * 86_400;

export interface FollowedUpperCrlsParts {
  readonly files: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whose CAs above may have signed them. */
  readonly issuers: () => readonly SigningIssuer[];
  /** One is in use; by the subject of its CA. Seconds since the epoch. */
  readonly taken: (issuer: string, nextUpdate: number) => void;
}

/** The files of CRLs that others sign, followed while the server runs: a bad one is told of, and the one before it stays. */
export class FollowedUpperCrls {
  readonly crls = new UpperCrls();
  readonly #parts: FollowedUpperCrlsParts;
  /** By file: the content that was taken or refused last. */
  readonly #seen = new Map<string, string>();
  /** What was warned of. */
  readonly #warned = new Set<string>();
  readonly #looks = new Looks(() => this.#look(), lookEveryMs);

  constructor(parts: FollowedUpperCrlsParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    if (this.#parts.files.length === 0) return;
    await this.#looks.start();
  }

  stop(): Promise<void> {
    return this.#looks.stop();
  }

  /** The issuers are others now: what was refused may be right, and the next look will say. */
  reconsider(): void {
    this.#seen.clear();
  }

  /** Never rejects; while a look is under way, it looks once more after it. */
  look(): Promise<void> {
    return this.#looks.now();
  }

  async #look(): Promise<void> {
    for (const file of this.#parts.files) {
      try {
        const content = await readFile(file);
        const digest = hash('sha256', content, 'hex');
        if (this.#seen.get(file) === digest) continue;
        this.#seen.set(file, digest);
        this.#take(file, content);
      } catch (thrown) {
        this.#unreadable(file, thrown);
      }
    }
    for (const crl of this.crls.all()) this.#warn(crl);
  }

  #take(file: string, content: Uint8Array): void {
    const { clock, logger, issuers, taken } = this.#parts;
    try {
      for (const crl of this.crls.take(content, issuers(), Math.floor(clock.now() / 1000))) {
        taken(crl.issuer, crl.nextUpdate);
        const expires = new Date(crl.nextUpdate * 1000).toISOString();
        logger.info('the CRL of a CA above is in use', { issuer: crl.issuer, expires, file });
        this.#findOurs(crl);
      }
    } catch (thrown) {
      if (!(thrown instanceof UpperCrlError)) throw thrown;
      logger.error('a CRL of a CA above is refused; the one before it stays', { file, reason: thrown.message });
    }
  }

  /** Nobody who looks at it takes our certificates any more. */
  #findOurs({ issuer, revoked }: UpperCrl): void {
    for (const { name, intermediates } of this.#parts.issuers())
      for (const each of readCertificates(intermediates.join(''), 64))
        if (nameText(each.issuer) === issuer && revoked.has(Buffer.from(each.serial).toString('hex')))
          this.#parts.logger.error('a CA of a chain of ours is revoked by the CA above it', {
            issuer: name,
            serial: each.serialText,
          });
  }

  /** Missing for the moment in which it is replaced, or gone: what is known stays. */
  #unreadable(file: string, thrown: unknown): void {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    if (this.#seen.get(file) === reason) return;
    this.#seen.set(file, reason);
    this.#parts.logger.error('a CRL of a CA above cannot be read; the one before it stays', { file, reason });
  }

  #warn({ issuer, number, thisUpdate, nextUpdate }: UpperCrl): void {
    const { clock, logger } = this.#parts;
    const left = nextUpdate - Math.floor(clock.now() / 1000);
    if (left > Math.min(nearTheEnd, (nextUpdate - thisUpdate) / 2)) return;
    const what = `${issuer} ${number} ${left > 0}`;
    if (this.#warned.has(what)) return;
    this.#warned.add(what);
    const facts = { issuer, expires: new Date(nextUpdate * 1000).toISOString() };
    if (left > 0) logger.warn('the CRL of a CA above ends soon; a new one has to come from who signs it', facts);
    else logger.error('the CRL of a CA above has ended; whoever checks it refuses our certificates', facts);
  }
}
