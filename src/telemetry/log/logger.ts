import { isatty } from 'node:tty';
import type { Clock } from '#issuance/ports.ts';
import { jsonLine, type LineFormat, textLine } from './format.ts';
import { type Level, type LogFields, levels } from './record.ts';
import { descriptorSink, type LogSink } from './sink.ts';

/** Writes lines of at least its level. Never waits, never throws. */
export class Logger {
  readonly #sink: LogSink;
  readonly #format: LineFormat;
  readonly #least: number;
  readonly #clock: Clock;
  readonly #always: LogFields;

  constructor(sink: LogSink, format: LineFormat, level: Level, clock: Clock, always: LogFields = {}) {
    this.#sink = sink;
    this.#format = format;
    this.#least = levels.indexOf(level);
    this.#clock = clock;
    this.#always = always;
  }

  /** For whoever would have to work to make a line. */
  writes(level: Level): boolean {
    return levels.indexOf(level) >= this.#least;
  }

  log(level: Level, message: string, fields: LogFields = {}): void {
    if (!this.writes(level)) return;
    this.#sink.write(this.#format({ time: this.#clock.now(), level, message, fields: { ...this.#always, ...fields } }));
  }

  debug(message: string, fields?: LogFields): void {
    this.log('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.log('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.log('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.log('error', message, fields);
  }

  /** The same with fields on every line, such as the component's name. */
  with(fields: LogFields): Logger {
    const level = levels[this.#least] ?? 'error';
    return new Logger(this.#sink, this.#format, level, this.#clock, { ...this.#always, ...fields });
  }
}

export interface LoggerOptions {
  readonly level: Level;
  /** auto: text in a terminal, JSON elsewhere. */
  readonly format: 'auto' | 'json' | 'text';
  readonly clock: Clock;
}

/** The server's logger, on standard error. */
export function standardErrorLogger({ level, format, clock }: LoggerOptions): Logger {
  const line = format === 'text' || (format === 'auto' && isatty(2)) ? textLine : jsonLine;
  const droppedLine = (count: number) =>
    line({ time: clock.now(), level: 'warn', message: 'log lines were dropped', fields: { dropped: count } });
  return new Logger(descriptorSink(2, droppedLine), line, level, clock);
}
