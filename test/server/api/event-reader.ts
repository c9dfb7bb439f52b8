import type { IncomingMessage } from 'node:http';

export interface ServerEvent {
  readonly id: number | undefined;
  readonly event: string;
  readonly data: string;
}

/** Server-sent events as they come; comments are passed over. */
export class EventReader implements Disposable {
  readonly #response: IncomingMessage;
  readonly #events: AsyncGenerator<ServerEvent>;

  constructor(response: IncomingMessage) {
    this.#response = response;
    this.#events = eventsOf(response);
  }

  /** The next one; undefined once the stream has ended. */
  async next(): Promise<ServerEvent | undefined> {
    const { value, done } = await this.#events.next();
    return done ? undefined : value;
  }

  /** The first that fits. */
  async first(fits: (event: ServerEvent) => boolean): Promise<ServerEvent> {
    for (;;) {
      const event = await this.next();
      if (event === undefined) throw new Error('the stream has ended');
      if (fits(event)) return event;
    }
  }

  async take(count: number): Promise<ServerEvent[]> {
    const events: ServerEvent[] = [];
    while (events.length < count) {
      const event = await this.next();
      if (event === undefined) break;
      events.push(event);
    }
    return events;
  }

  close(): void {
    this.#response.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

async function* eventsOf(response: IncomingMessage): AsyncGenerator<ServerEvent> {
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const lines = block.split('\n');
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const data = field('data');
      if (data === undefined) continue;
      const id = field('id');
      yield { id: id === undefined ? undefined : Number(id), event: field('event') ?? 'message', data };
    }
  }
}
