/** What an option takes. The key in a command's `options` is its long name without the dashes. */
export interface Flag {
  readonly kind: 'flag';
  readonly help: string;
  readonly short?: string;
}

export interface Value {
  readonly kind: 'value';
  /** What stands for the value in help: FILE, DIR, DURATION … */
  readonly of: string;
  readonly help: string;
  readonly short?: string;
  /** A closed set; anything else is a usage error that lists them. */
  readonly choices?: readonly string[];
}

/** May be given several times. */
export interface Many extends Omit<Value, 'kind'> {
  readonly kind: 'many';
}

export type Option = Flag | Value | Many;
export type Options = Readonly<Record<string, Option>>;

export type OptionValues<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends Flag
    ? boolean
    : O[Name] extends Many
      ? readonly string[]
      : string | undefined;
};

export function flag(help: string, more: Pick<Flag, 'short'> = {}): Flag {
  return { kind: 'flag', help, ...more };
}

export function value(of: string, help: string, more: Pick<Value, 'short' | 'choices'> = {}): Value {
  return { kind: 'value', of, help, ...more };
}

export function many(of: string, help: string, more: Pick<Value, 'short' | 'choices'> = {}): Many {
  return { kind: 'many', of, help, ...more };
}

/** Every command has this one. */
export const homeOption = value('DIR', 'where the CA lives (default: COUNTERSIGN_HOME, else .countersign)');

/** What a parser collected, by long name. */
export type Parsed = ReadonlyMap<string, unknown>;

/** The parser's findings as the declared options' types; an option that was not given is false, empty or undefined. */
export function readOptions<O extends Options>(options: O, parsed: Parsed): OptionValues<O> {
  const entries = Object.entries(options).map(
    ([name, option]) => [name, readOption(option, parsed.get(name))] as const,
  );
  // Each value was narrowed by its own declaration one line above.
  return Object.fromEntries(entries) as OptionValues<O>;
}

function readOption(option: Option, given: unknown): boolean | string | undefined | readonly string[] {
  if (option.kind === 'flag') return given === true;
  if (option.kind === 'value') return typeof given === 'string' ? given : undefined;
  return Array.isArray(given) ? given.filter((item) => typeof item === 'string') : [];
}
