import { loadRevocations, type WantedRevocation } from '#authority/revocation/document.ts';
import { readFiles } from '#document/files.ts';
import type { AuditLog } from '#issuance/ports.ts';
import { Refusal } from '#refusal/refusal.ts';
import { fromFiles } from '../events.ts';
import type { Foundation } from '../foundation.ts';
import { Looks } from '../looks.ts';
import type { FollowedRegister } from './followed-register.ts';
import { completed, issuedAs, type RevocationLog, revocationFields } from './recorded.ts';

/** ms between two looks at the files, as for policies. */
const lookEveryMs = 5_000;

export interface FollowedRevocationsParts {
  readonly foundation: Pick<Foundation, 'clock' | 'events' | 'logger'>;
  readonly documents: readonly string[];
  readonly register: FollowedRegister;
  readonly log: AuditLog & RevocationLog;
  /** Whether the key of that identifier signs here: ceremonies put revocations on the log too, which no document names. */
  readonly signs: (issuerKeyId: string) => boolean;
  /** Something is revoked now that was not, under these keys. Resolves when the world may know. */
  readonly revoked: (issuerKeyIds: ReadonlySet<string>) => Promise<void>;
}

/**
 * The documents of what is revoked, followed while the server runs. Each revocation is recorded first and counts from then
 * on; what the log holds stays revoked, whatever becomes of the documents. A broken one revokes nothing and takes nothing
 * back. A crash between two records leaves the rest to the next look.
 */
export class FollowedRevocations {
  readonly #parts: FollowedRevocationsParts;
  #seen: string | undefined;
  readonly #looks = new Looks(() => this.#look(), lookEveryMs);

  constructor(parts: FollowedRevocationsParts) {
    this.#parts = parts;
  }

  /** Resolves after the first look: what was revoked while no server ran is revoked before anybody is answered. */
  async start(): Promise<void> {
    if (this.#parts.documents.length === 0) return;
    await this.#looks.start();
  }

  stop(): Promise<void> {
    return this.#looks.stop();
  }

  /** Looks now; while a look is under way, once more after it. Never rejects. */
  look(): Promise<void> {
    return this.#looks.now();
  }

  async #look(): Promise<void> {
    const text = this.#read();
    if (text === this.#seen) return;
    try {
      await this.#take(loadRevocations(this.#parts.documents, this.#parts.foundation.clock.now()));
      this.#seen = text;
    } catch (thrown) {
      await this.#refused(thrown, text);
    }
  }

  async #take(wanted: readonly WantedRevocation[]): Promise<void> {
    const { revoked, foundation, signs } = this.#parts;
    const { register } = this.#parts.register;
    const issuers = new Set<string>();
    const news = wanted.filter((one) => register.isNews(one));
    // another server of the same log may have been first
    if (news.length > 0) await this.#parts.register.look();
    try {
      for (const each of news) {
        if (register.isNews(each)) await this.#revoke(each);
        issuers.add(each.issuerKeyId);
      }
    } finally {
      if (issuers.size > 0) await revoked(issuers);
    }
    const missing = [...register.missingFrom(wanted)].filter(({ issuerKeyId }) => signs(issuerKeyId));
    if (missing.length > 0)
      foundation.logger.warn('certificates stay revoked that no document names any more', {
        count: missing.length,
        serial: missing[0]?.serial,
      });
  }

  async #revoke(wanted: WantedRevocation): Promise<void> {
    const { log, foundation } = this.#parts;
    const { register } = this.#parts.register;
    const { clock, events, logger } = foundation;
    const issued = await issuedAs(wanted, log);
    const revocation = completed(wanted, issued, Math.floor(clock.now() / 1000));
    await log.append(events.of('certificate.revoked', revocationFields(revocation, issued)));
    register.take(revocation);
    const { serial, issuerKeyId, reason } = revocation;
    logger.info('a certificate is revoked', { serial, key: issuerKeyId, reason });
    if (issued === undefined)
      logger.warn('this log holds no such certificate; it is on the CRL all the same', { serial, key: issuerKeyId });
  }

  async #refused(thrown: unknown, text: string): Promise<void> {
    const { log, foundation } = this.#parts;
    const { events, logger } = foundation;
    if (thrown instanceof Refusal) {
      // The log had no room: nothing is wrong with the documents, which are looked at again.
      logger.warn('revocations wait for the log', { reason: thrown.message });
      return;
    }
    this.#seen = text;
    const message = thrown instanceof Error ? thrown.message.slice(0, 2_000) : String(thrown);
    logger.error('the documents of what is revoked are refused; what was revoked stays so', { reason: message });
    const event = events.of('config.refused', {
      ...{ outcome: 'failed', reason: 'policy.error', message, actor: fromFiles },
      change: { kind: 'revocations' },
    });
    // A log that cannot be written has said so already, and stops the server itself.
    await log.append(event).catch(() => undefined);
  }

  #read(): string {
    try {
      return readFiles(this.#parts.documents)
        .map(({ file, text }) => `${file}\n${text}`)
        .join('\n');
    } catch (thrown) {
      return `unreadable: ${String(thrown)}`;
    }
  }
}
