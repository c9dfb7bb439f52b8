import type { AuditEvent, EventType, Json } from '#audit/event.ts';

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
