import { nearest } from '#document/nearest.ts';
import type { FlagFact, Flags, FlagValues } from './flag.ts';

export interface ParsedFlags<Table extends Flags> {
  readonly values: FlagValues<Table>;
  /** Names of the flags that stood on the line, with or without a value. */
  readonly given: ReadonlySet<string>;
}

/** What is wrong with one word of the line; `flag` without its dashes where it is about one. */
export interface FlagProblem {
  readonly flag?: string;
  readonly message: string;
}

/** Everything that is wrong with a line of flags. */
export class FlagError extends Error {
  override readonly name = 'FlagError';
  readonly problems: readonly FlagProblem[];

  constructor(problems: readonly FlagProblem[]) {
    super(problems.map(({ flag, message }) => (flag === undefined ? message : `--${flag}: ${message}`)).join('\n'));
    this.problems = problems;
  }
}

/**
 * Reads a line as the library of istio-csr does: `--name value`, `--name=value`, `-x value`, `-xvalue`, `-x=value`, a
 * truth without a value is true, the last of several counts, lists grow. Throws FlagError with all that is wrong.
 */
export function parseFlags<Table extends Flags>(table: Table, words: readonly string[]): ParsedFlags<Table> {
  const { problems, ...parsed } = readLine(table, words);
  if (problems.length > 0) throw new FlagError(problems);
  return parsed;
}

/** The same for who goes on with what could be read. */
export function readLine<Table extends Flags>(
  table: Table,
  words: readonly string[],
): ParsedFlags<Table> & { readonly problems: readonly FlagProblem[] } {
  const line = new Line(table, words);
  line.read();
  const entries = Object.entries(table).map(([name, { initial }]) => [name, line.values.get(name) ?? initial]);
  // Each value came from the reader of its own flag, or is that flag's initial one.
  const values = Object.fromEntries(entries) as FlagValues<Table>;
  return { values, given: new Set(line.values.keys()), problems: line.problems };
}

class Line {
  readonly values = new Map<string, unknown>();
  readonly problems: FlagProblem[] = [];
  readonly #table: Flags;
  readonly #shorts: ReadonlyMap<string, string>;
  readonly #words: string[];

  constructor(table: Flags, words: readonly string[]) {
    this.#table = table;
    this.#words = [...words];
    this.#shorts = new Map(
      Object.entries(table).flatMap(([name, { short }]) => (short === undefined ? [] : [[short, name] as const])),
    );
  }

  read(): void {
    for (let word = this.#words.shift(); word !== undefined; word = this.#words.shift()) {
      if (word === '--') {
        for (const rest of this.#words.splice(0)) this.#stray(rest);
      } else if (word.startsWith('--')) this.#long(word.slice(2));
      else if (word.startsWith('-') && word !== '-') this.#short(word.slice(1));
      else this.#stray(word);
    }
  }

  #stray(word: string): void {
    this.problems.push({ message: `${JSON.stringify(word)} is no flag: only flags are taken here` });
  }

  #long(word: string): void {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    const flag = Object.hasOwn(this.#table, name) ? this.#table[name] : undefined;
    if (flag === undefined) this.#unknown(name);
    else this.#take(name, flag, equals < 0 ? undefined : word.slice(equals + 1));
  }

  /** Letters together are truths, up to the first that takes a value: that gets the rest. */
  #short(letters: string): void {
    const letter = letters.slice(0, 1);
    const rest = letters.slice(1);
    const name = this.#shorts.get(letter);
    const flag = name === undefined ? undefined : this.#table[name];
    if (name === undefined || flag === undefined) {
      this.problems.push({ message: `there is no flag -${letter}` });
      return;
    }
    if (rest.startsWith('=')) this.#take(name, flag, rest.slice(1));
    else if (flag.reader.name !== 'truth') this.#take(name, flag, rest === '' ? undefined : rest);
    else {
      this.#take(name, flag, undefined);
      if (rest !== '') this.#short(rest);
    }
  }

  #take(name: string, flag: FlagFact<unknown>, text: string | undefined): void {
    const given = text ?? (flag.reader.name === 'truth' ? 'true' : this.#words.shift());
    if (given === undefined) {
      this.problems.push({ flag: name, message: 'a value is missing' });
      return;
    }
    try {
      this.values.set(name, flag.reader.read(given, this.values.get(name)));
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown;
      this.problems.push({ flag: name, message: thrown.message });
    }
  }

  #unknown(name: string): void {
    const near = nearest(name, Object.keys(this.#table));
    const hint = near === undefined ? '' : `; did you mean --${near}?`;
    this.problems.push({ message: `there is no flag --${name.slice(0, 80)}${hint}` });
  }
}
