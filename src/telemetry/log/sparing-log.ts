import type { Logger } from './logger.ts';
import type { Level, LogFields } from './record.ts';
import { type RepeatBounds, Repeats } from './repeats.ts';

/** A line that others may be like. */
export interface Line {
  readonly level: Level;
  readonly message: string;
  /** What lines that are alike have in common, to the letter; `door` and `code` alone where there are too many kinds. */
  readonly like: LogFields;
  /** Of this one alone. Called only where the line is written. */
  readonly own?: () => LogFields;
}

type Like = Pick<Line, 'level' | 'message' | 'like'>;

/** At most 500 lines a minute that are whole, and as many counts. */
const defaults: RepeatBounds = { window: 60_000, kinds: 500 };

/**
 * What strangers can bring about as often as they like, in a log that others have to read: the first line of a kind is
 * written whole, those that are like it become one line a minute with their `count`. The audit log has every one of them.
 */
export class SparingLog {
  readonly #logger: Logger;
  readonly #window: number;
  readonly #repeats: Repeats<Like>;
  #timer: NodeJS.Timeout | undefined;

  constructor(logger: Logger, bounds: RepeatBounds = defaults) {
    this.#logger = logger;
    this.#window = bounds.window;
    this.#repeats = new Repeats(bounds);
  }

  log({ level, message, like, own }: Line): void {
    if (!this.#logger.writes(level)) return;
    const { door, code } = like;
    const common = { door, code };
    const coarse = { kind: kindOf(message, common), like: { level, message, like: common } };
    const first = this.#repeats.offer(kindOf(message, like), { level, message, like }, coarse, performance.now());
    this.#timer ??= this.#wait();
    if (first) this.#logger.log(level, message, { ...own?.(), ...like });
  }

  /** Writes what is counted; to be called at the end. */
  close(): void {
    clearTimeout(this.#timer);
    this.#tell(this.#repeats.drain());
  }

  #wait(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#tell(this.#repeats.due(performance.now()));
      this.#timer = this.#repeats.kinds > 0 ? this.#wait() : undefined;
    }, this.#window).unref();
  }

  #tell(counted: ReturnType<Repeats<Like>['due']>): void {
    for (const { like, count } of counted)
      this.#logger.log(like.level, `${like.message}, more like it`, { ...like.like, count });
  }
}

const kindOf = (message: string, like: LogFields) => [message, ...Object.values(like)].join('\n');
