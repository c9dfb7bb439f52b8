export const levels = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof levels)[number];

/**
 * The names that a log line may carry. The list is closed so that nobody logs headers, a token or a whole object in
 * passing: a new name is a change here, for everyone to see. Values are scalars.
 */
type LogField =
  | 'request'
  | 'door'
  | 'method'
  | 'peer'
  | 'identity'
  | 'serial'
  | 'policy'
  | 'policySet'
  | 'code'
  | 'reason'
  | 'leafIndex'
  | 'ms'
  | 'component'
  | 'cluster'
  | 'issuer'
  | 'sink'
  | 'key'
  | 'file'
  | 'url'
  | 'address'
  | 'origin'
  | 'size'
  | 'count'
  | 'dropped'
  | 'status'
  | 'signal'
  | 'version'
  | 'expires';

export type LogFields = { readonly [Name in LogField]?: string | number | boolean | undefined } & {
  /** Anything thrown; its name, message and code are written, and those of what caused it. */
  readonly error?: unknown;
};

export interface LogRecord {
  /** ms since the epoch. */
  readonly time: number;
  readonly level: Level;
  readonly message: string;
  readonly fields: LogFields;
}
