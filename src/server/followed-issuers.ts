import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { KeyIssuerConfig } from '#config/sections/issuers.ts';
import type { SigningIssuer } from '#issuance/live-issuer.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { Logger } from '#telemetry/log/logger.ts';
import { readPemBlocks } from '#x509/pem.ts';
import { Looks } from './looks.ts';
import type { OpenIssuer } from './open-issuer.ts';

/** ms between two looks at the files, as for roots: two that find the same tell that nobody writes any more. */
const lookEveryMs = 2_000;

export interface FollowedIssuersParts {
  readonly issuers: readonly KeyIssuerConfig[];
  readonly logger: Logger;
  /** As it is in use. */
  readonly live: (name: string) => SigningIssuer | undefined;
  /** Opens it from its files as they are now; throws what is wrong with them. */
  readonly open: (config: KeyIssuerConfig) => Promise<OpenIssuer>;
  /** Recorded first, then in use. */
  readonly take: (opened: OpenIssuer) => Promise<void>;
}

/**
 * The certificates of issuers and the files of their keys, followed while the server runs. A good new chain is recorded
 * and takes over with the next request; a bad one is told of, and the old one stays. A crash between the two leaves a
 * record of an issuer that the next start opens anyway.
 */
export class FollowedIssuers {
  readonly #parts: FollowedIssuersParts;
  /** By issuer: the files as the last look found them, where they are not what is in use. */
  readonly #candidates = new Map<string, string>();
  /** By issuer: the files that were refused. */
  readonly #refused = new Map<string, string>();
  readonly #looks: Looks;

  constructor(parts: FollowedIssuersParts) {
    this.#parts = parts;
    const failed = (error: unknown) => parts.logger.error('the issuers could not be followed', { error });
    this.#looks = new Looks(() => this.#look().catch(failed), lookEveryMs);
  }

  start(): void {
    this.#looks.goOn();
  }

  stop(): Promise<void> {
    return this.#looks.stop();
  }

  /** Somebody says that the files are as they should be: they are not looked at a second time first. */
  async look(): Promise<void> {
    await this.#looks.now();
    await this.#looks.now();
  }

  async #look(): Promise<void> {
    for (const config of this.#parts.issuers) {
      const found = await this.#found(config);
      if (found === undefined) this.#candidates.delete(config.name);
      else if (found !== this.#candidates.get(config.name)) this.#candidates.set(config.name, found);
      else if (found !== this.#refused.get(config.name)) await this.#exchange(config, found);
    }
  }

  /** A fingerprint of all files that an issuer is opened from; undefined where they hold what is in use, or cannot be read. */
  async #found({ name, key, roots }: KeyIssuerConfig): Promise<string | undefined> {
    const live = this.#parts.live(name);
    if (live === undefined || key.kind === 'memory') return undefined;
    const files = [key.certificate, ...(key.kind === 'file' ? [key.path] : []), roots];
    // Missing for the moment in which it is replaced, or gone: what is in use stays.
    const contents = await Promise.all(files.map((file) => readFile(file).catch(() => undefined)));
    if (contents.some((content) => content === undefined) || isIn(contents[0], live)) return undefined;
    return hash('sha256', Buffer.concat(contents.map((content) => hash('sha256', content ?? '', 'buffer'))), 'hex');
  }

  async #exchange(config: KeyIssuerConfig, found: string): Promise<void> {
    const { open, take, logger } = this.#parts;
    try {
      await take(await open(config));
      this.#refused.delete(config.name);
      logger.info('an issuer has another certificate now', { issuer: config.name });
    } catch (error) {
      // a log that takes nothing now says nothing of the files
      if (!(error instanceof Refusal)) this.#refused.set(config.name, found);
      logger.error("an issuer's new certificate is refused; the old one stays in use", { issuer: config.name, error });
    }
  }
}

/** Whether that text holds just what the issuer hands out of its chain; roots may stand there too, and are not. */
function isIn(text: Buffer | undefined, { intermediates, roots }: SigningIssuer): boolean {
  try {
    const inFile = certificatesIn(text?.toString('utf8') ?? '');
    const handedOut = certificatesIn(intermediates.join(''));
    return handedOut.isSubsetOf(inFile) && inFile.difference(handedOut).isSubsetOf(certificatesIn(roots));
  } catch {
    return false;
  }
}

const certificatesIn = (pem: string): ReadonlySet<string> =>
  new Set(readPemBlocks(pem, ['CERTIFICATE'], 128).map(({ der }) => hash('sha256', der, 'hex')));
