import type { Alert } from '#detection/alert.ts';
import type { RuleState } from '#detection/watch.ts';
import type { TextFile } from '#document/files.ts';
import type { Grown } from '../exports/growth.ts';
import type { LogPlace } from '../exports/messages.ts';

/** What the thread that watches the log is started with. */
export interface DetectionData {
  readonly origin: string;
  /** Where the cursor lies, if not in the log's database. */
  readonly directory: string;
  readonly log: LogPlace;
  readonly rules: readonly TextFile[];
}

export type ToDetection =
  | Grown
  | { readonly kind: 'rules'; readonly rules: readonly TextFile[] }
  /** The alerts of this number are durable, or could not be recorded. */
  | { readonly kind: 'recorded'; readonly number: number; readonly problem?: string }
  | { readonly kind: 'close' };

export type FromDetection =
  | { readonly kind: 'alerts'; readonly number: number; readonly alerts: readonly Alert[] }
  | ({ readonly kind: 'gap' } & Gap)
  | ({ readonly kind: 'standing' } & Standing)
  | { readonly kind: 'closed' };

/** What rules did not see, or had to forget. */
export interface Gap {
  readonly reason: 'detection.forgotten' | 'detection.unread';
  /** Absent: all of them. */
  readonly rule?: string;
  readonly count: number;
}

export interface Standing {
  /** Another server watches: nothing else here means anything then. */
  readonly elsewhere: boolean;
  readonly next: number;
  readonly covered: number;
  /** Since this watch began. */
  readonly rules: readonly RuleState[];
  readonly problem?: string;
}
