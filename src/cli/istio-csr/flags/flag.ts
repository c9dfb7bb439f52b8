import type { Reader } from './readers.ts';

/** One flag as istio-csr has it: what may be given, what it is when nothing is. */
export interface FlagFact<Value> {
  readonly reader: Reader<Value>;
  readonly initial: Value;
  /** How people write the initial value; empty for none. */
  readonly shown: string;
  readonly about: string;
  readonly short?: string;
}

export type Flags = Readonly<Record<string, FlagFact<unknown>>>;

export type FlagValues<Table extends Flags> = {
  readonly [Name in keyof Table]: Table[Name] extends FlagFact<infer Value> ? Value : never;
};
