import { RevocationRegister } from '#authority/revocation/register.ts';
import type { DurableLog } from '#store/log.ts';
import type { Logger } from '#telemetry/log/logger.ts';
import { KnownRevocations } from './known-revocations.ts';

/** ms between two looks at what the log has more: so little is left to read at the next start, whenever this one ends. */
const lookEveryMs = 60_000;

/** What is revoked, as the log has it, followed while the server runs: other replicas revoke too, and ceremonies. */
export class FollowedRegister {
  readonly register = new RevocationRegister();
  readonly #known: KnownRevocations;
  readonly #timer: NodeJS.Timeout;

  private constructor(known: KnownRevocations, logger: Logger) {
    this.#known = known;
    this.#timer = setInterval(() => {
      this.look().catch((error: unknown) => logger.warn('revocations on the log could not be read', { error }));
    }, lookEveryMs).unref();
  }

  /** With all that was revoked before this start. Rejects where the log cannot be read: without it nothing is certified. */
  static async open(
    directory: string,
    log: Pick<DurableLog, 'size' | 'entry' | 'entries' | 'catchUp'>,
    logger: Logger,
  ): Promise<FollowedRegister> {
    const unkept = (error: unknown) => logger.warn('a bookmark of the log could not be set', { error });
    const followed = new FollowedRegister(await KnownRevocations.open(directory, log, unkept), logger);
    try {
      await followed.look();
      return followed;
    } catch (thrown) {
      followed.stop();
      throw thrown;
    }
  }

  /** Takes in what is on the log by now. */
  async look(): Promise<void> {
    for (const revocation of await this.#known.news()) this.register.take(revocation);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
