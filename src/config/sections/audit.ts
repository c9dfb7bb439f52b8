import type { RedactableField } from '#audit/disclosure.ts';
import type { S3Settings } from '#s3/settings.ts';
import type { PostgresSettings } from '#store/postgres/settings.ts';
import type { SigningKeyConfig } from './keys.ts';

/** A key that signed the log before `audit.key`. `known`: it signs no more, and what it signed is still ours. */
export type PreviousKeyConfig =
  /** ms since the epoch */
  | { readonly kind: 'signs'; readonly key: SigningKeyConfig; readonly until: number }
  | { readonly kind: 'known'; readonly vkey: string };

/** Who cosigns our checkpoints. */
export interface WitnessesConfig {
  readonly who:
    | {
        readonly kind: 'list';
        readonly ask: readonly { readonly url: string; readonly vkeys: readonly string[] }[];
        readonly quorum: number;
      }
    | { readonly kind: 'policy'; readonly file: string };
  readonly timeoutMs: number;
  readonly without: 'continue' | 'withhold';
  readonly stopAfterMs?: number;
  /** A file. */
  readonly ca?: string;
}

export interface AuditConfig {
  readonly directory: string;
  /** Absent: an embedded database in the directory. */
  readonly store?: PostgresSettings;
  readonly origin: string;
  readonly key: SigningKeyConfig;
  readonly previousKeys: readonly PreviousKeyConfig[];
  readonly publish: string;
  readonly checkpointGuard?: string;
  /** Absent: nobody cosigns. */
  readonly witnesses?: WitnessesConfig;
  readonly includeCertificate: boolean;
  /** Fields whose values are kept beside the log. */
  readonly redactable: readonly RedactableField[];
  readonly copyTo: 'nowhere' | 'stdout';
  readonly lifetime: 'lasting' | 'passing';
  /** Absent: there is none. */
  readonly archive?: { readonly directory: string } | { readonly s3: S3Settings };
  /** Absent: every body stays. */
  readonly retention?: { readonly bodiesMs: number };
  readonly maxSkewMs: number;
}
