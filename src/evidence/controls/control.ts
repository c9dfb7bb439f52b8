import type { AlarmName } from '../gather/alarms.ts';
import type { QueryName } from '../queries.ts';

/** What a page shows that is no query. */
export type Shown =
  /** Types of records and how many there were of each. */
  | 'types'
  /** Policy sets in force, and what was decided under each. */
  | 'policies'
  /** Whether what was issued is what policy permits. */
  | 'replay'
  /** The signed tree, witnesses, earlier checkpoints. */
  | 'tree';

/** One demand of a standard, and what the log has to say to it. */
export interface Control {
  /** As the standard has it. */
  readonly number: string;
  readonly title: string;
  /** What it demands, in our words; the standard's own are what counts. */
  readonly demands: string;
  /** What of it the log answers. */
  readonly answers: string;
  /** What it does not answer, and who does. */
  readonly elsewhere: string;
  readonly shows?: readonly Shown[];
  readonly queries: readonly QueryName[];
  /** Paths in the configuration of the server. */
  readonly settings?: readonly string[];
  /** What of the first page belongs here. */
  readonly alarms?: readonly AlarmName[];
}

export interface Standard {
  readonly name: string;
  /** The edition that was read. */
  readonly edition: string;
  readonly controls: readonly Control[];
}
