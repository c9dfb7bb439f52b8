import type { AuditEvent, EventType, Json } from '#audit/event.ts';
import type { AuditLog } from '#issuance/ports.ts';
import type { Logger } from '#telemetry/log/logger.ts';

export type EventFields = Partial<Omit<AuditEvent, 'type' | 'id' | 'outcome' | 'instance'>> & {
  readonly outcome?: AuditEvent['outcome'];
};

/** Makes the events that speak of the server itself rather than of a request. */
export class Events {
  readonly #id: () => string;
  readonly instance: Json;

  constructor(id: () => string, instance: Json) {
    this.#id = id;
    this.instance = instance;
  }

  of(type: EventType, fields: EventFields = {}): AuditEvent {
    return { type, id: this.#id(), outcome: 'success', instance: this.instance, ...fields };
  }
}

/** Who brings about what is read from a file: the record's `actor`. */
export const fromFiles = { user: 'operator', method: 'file' } as const;

/**
 * Appends what nobody has to wait for. A log that does not take it is told of as `what`, and nothing else comes of it:
 * never rejects.
 */
export async function appendAside(log: AuditLog, event: AuditEvent, logger: Logger, what: string): Promise<void> {
  await log.append(event).catch((error: unknown) => logger.error(`${what} could not be recorded`, { error }));
}
