import type { AuditEvent } from '#audit/event.ts';
import type { AuditLog } from '#issuance/ports.ts';
import type { TokenEvent } from '#keys/pkcs11/signer.ts';
import { appendAside } from './events.ts';
import type { Foundation } from './foundation.ts';
import type { HsmListener } from './open-key.ts';

/** Events kept until there is a log; the log's own key may be in a token, and is logged in to before. */
const maxEarly = 64;

/** Logins to a token, its loss and its return: logged at once, and recorded as soon as there is a log. */
export class HsmEvents {
  readonly #foundation: Foundation;
  readonly #early: AuditEvent[] = [];
  #log: AuditLog | undefined;

  constructor(foundation: Foundation) {
    this.#foundation = foundation;
  }

  readonly listener: HsmListener = (event, token) => {
    const { events, logger } = this.#foundation;
    const cause = event.type === 'hsm.recovered' ? undefined : event.cause;
    const message = cause?.message ?? words[event.type];
    logger[cause === undefined && event.type === 'hsm.login' ? 'info' : 'warn'](words[event.type], {
      ...(cause && { reason: cause.message }),
    });
    this.#record(
      events.of(event.type, {
        message,
        key: { token },
        ...(event.type === 'hsm.login' && { actor: user }),
        ...(cause && { outcome: 'failed', reason: 'signer.unavailable' }),
      }),
    );
  };

  /** From here on, and with what was heard before, everything goes to `log`. */
  recordIn(log: AuditLog): void {
    this.#log = log;
    for (const event of this.#early.splice(0)) this.#record(event);
  }

  #record(event: AuditEvent): void {
    if (this.#log === undefined) {
      if (this.#early.length < maxEarly) this.#early.push(event);
      return;
    }
    void appendAside(this.#log, event, this.#foundation.logger, 'an event of the HSM');
  }
}

const user = { user: 'CKU_USER', method: 'pin' };

const words: Readonly<Record<TokenEvent['type'], string>> = {
  'hsm.login': 'login to the HSM',
  'hsm.lost': 'the HSM is lost',
  'hsm.recovered': 'the HSM is back',
};
