import { join } from 'node:path';
import { type Pace, systemPace } from '#kubernetes/pace.ts';
import type { Cursors } from './cursor.ts';
import { DeadLetterFile } from './dead-letters.ts';
import { Delivery } from './delivery.ts';
import type { Source } from './gather.ts';
import type { News } from './news.ts';
import { type OpenSink, openSink } from './open-sink.ts';
import type { SinkSettings } from './settings.ts';

export interface ExporterParts {
  readonly sinks: readonly SinkSettings[];
  readonly source: Source;
  readonly cursors: Cursors;
  /** Where dead letters lie. */
  readonly directory: string;
  readonly givesWay?: (lag: number) => boolean;
  readonly tell: (news: News) => void;
  readonly pace?: Pace;
}

interface Opened extends OpenSink {
  readonly sink: SinkSettings;
}

/** ms between two looks at how the sinks stand. */
const lookMs = 1_000;

/** All sinks of a server, each on its own: none waits for another. */
export class Exporter {
  readonly #deliveries: readonly Delivery[];
  readonly #looks: NodeJS.Timeout;
  #covered = 0;

  private constructor({ directory, pace = systemPace, ...parts }: ExporterParts, sinks: readonly Opened[]) {
    this.#deliveries = sinks.map(
      ({ sink, ...open }) =>
        new Delivery({
          ...parts,
          ...open,
          pace,
          sink: sink.name,
          covered: () => this.#covered,
          deadLetters: new DeadLetterFile(join(directory, `${sink.name}.dead.jsonl`)),
          bounds: { timeoutMs: sink.timeoutMs, lagMs: sink.lagMs },
        }),
    );
    for (const delivery of this.#deliveries) delivery.start();
    this.#looks = setInterval(() => this.#look(), lookMs);
  }

  /** Begins to bring what is published. */
  static async open(parts: ExporterParts): Promise<Exporter> {
    const { sinks, source, pace } = parts;
    return new Exporter(
      parts,
      await Promise.all(sinks.map(async (sink) => ({ sink, ...(await openSink(sink, source, pace)) }))),
    );
  }

  /** A signed checkpoint over `size` entries has been published. */
  published(size: number): void {
    this.#covered = Math.max(this.#covered, size);
    for (const delivery of this.#deliveries) delivery.grown();
  }

  async stop(): Promise<void> {
    clearInterval(this.#looks);
    await Promise.all(this.#deliveries.map((delivery) => delivery.stop()));
    this.#look();
  }

  #look(): void {
    for (const delivery of this.#deliveries) delivery.look();
  }
}
