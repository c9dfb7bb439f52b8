import type { AuditEvent, Json, Outcome } from '#audit/event.ts';
import type { AuditLog } from '#issuance/ports.ts';
import type { Administrator } from '#policy/administrator.ts';
import { asRefusal, Refusal } from '#refusal/refusal.ts';
import type { ApiAttempt } from './evidence.ts';
import type { Given } from './parameters.ts';

export interface LookLogOptions {
  /** Counts refusals that are alike; takes everything else as it comes. */
  readonly log: AuditLog;
  readonly eventId: () => string;
  readonly instance: Json;
}

/** What somebody looked at or did. */
export interface Look {
  /** Method and path of the route, as the table has it. */
  readonly route: string;
  readonly parameters: Given;
}

export interface LookEnd {
  readonly rows?: number;
  readonly stage?: 'begun' | 'ended';
  /** Why it came to nothing. */
  readonly refusal?: Refusal;
}

/** Proofs that are remembered as seen; past it the oldest is told of again. */
const mostLogins = 1_024;

/** Every look at the API, on the record before anything of it is released. */
export class LookLog {
  readonly #options: LookLogOptions;
  /** By proof: its `admin.login`, written or being written. */
  readonly #logins = new Map<string, Promise<number>>();

  constructor(options: LookLogOptions) {
    this.#options = options;
  }

  /** The first use of a token or a certificate since the start. Rejects as the log does. */
  async login(attempt: ApiAttempt, who: Administrator): Promise<void> {
    const key = proofOf(who);
    const known = this.#logins.get(key);
    if (known !== undefined) return void (await known);
    const appended = this.#append('admin.login', 'success', attempt, who);
    this.#logins.set(key, appended);
    const [oldest] = this.#logins.keys();
    if (this.#logins.size > mostLogins && oldest !== undefined) this.#logins.delete(oldest);
    // whoever comes next has to be told of then
    appended.catch(() => this.#logins.delete(key));
    await appended;
  }

  /** Resolves with the leaf index. Rejects as the log does: then nothing may be released. */
  looked(attempt: ApiAttempt, who: Administrator, look: Look, { rows, stage, refusal }: LookEnd): Promise<number> {
    return this.#append('admin.action', refusal === undefined ? 'success' : 'failed', attempt, who, {
      ...(refusal && { reason: refusal.code, message: refusal.message }),
      action: {
        route: look.route,
        parameters: look.parameters,
        ...(rows !== undefined && { rows }),
        ...(stage !== undefined && { stage }),
      },
    });
  }

  /** Resolves with the refusal to give: the same, or that the log cannot be written. */
  async denied(
    attempt: ApiAttempt,
    who: Administrator | undefined,
    look: Look | undefined,
    refusal: Refusal,
  ): Promise<Refusal> {
    try {
      await this.#append('admin.denied', 'denied', attempt, who, {
        reason: refusal.code,
        message: refusal.message,
        ...(look && { action: { route: look.route, parameters: look.parameters } }),
      });
      return refusal;
    } catch (thrown) {
      const { code } = asRefusal(thrown);
      return new Refusal(code === 'overload' ? code : 'log.unavailable', 'the log cannot be written at present');
    }
  }

  #append(
    type: AuditEvent['type'],
    outcome: Outcome,
    { id, traceparent, peer }: ApiAttempt,
    who: Administrator | undefined,
    more: Pick<AuditEvent, 'reason' | 'message' | 'action'> = {},
  ): Promise<number> {
    const { log, eventId, instance } = this.#options;
    return log.append({
      ...{ type, id: eventId(), outcome, instance, door: 'admin' },
      request: { id, ...(traceparent !== undefined && { traceparent }) },
      peer: { ip: peer.ip, port: peer.port, tls: peer.tls },
      ...(who && personOf(who)),
      ...more,
    });
  }
}

function personOf({ facts }: Administrator): Pick<AuditEvent, 'actor' | 'caller'> {
  const { user, method, mfa, credential } = facts;
  return {
    actor: { user, method, ...(mfa && { mfa }) },
    caller: { authenticator: method, credential: { ...credential } },
  };
}

function proofOf({ facts }: Administrator): string {
  const { issuer, jti, certificateSha256, expires } = facts.credential;
  return JSON.stringify([facts.method, facts.user, issuer, jti, certificateSha256, expires]);
}
