/** What a record says (contract audit §6.2, §6.3). Closed and versioned: add, never rename. */

export const eventTypes = [
  'certificate.intended',
  'certificate.issued',
  'certificate.denied',
  'certificate.failed',
  'certificate.revoked',
  'crl.published',
  'key.generated',
  'key.imported',
  'key.activated',
  'key.retired',
  'key.destroyed',
  'ceremony.step',
  'issuer.installed',
  'issuer.rotated',
  'trustbundle.changed',
  'hsm.login',
  'hsm.lost',
  'hsm.recovered',
  'policy.loaded',
  'policy.text',
  'policy.refused',
  'policy.dryrun-flip',
  'config.loaded',
  'config.refused',
  'admin.login',
  'admin.denied',
  'admin.action',
  'export.started',
  'export.gap',
  'export.caught-up',
  'log.opened',
  'log.recovered',
  'log.checkpoint-failed',
  'log.pruned',
  'log.redacted',
  'log.witnessed',
  'service.started',
  'service.stopped',
  'service.degraded',
  'clock.step',
  'blocklist.loaded',
  'cluster.added',
  'cluster.changed',
  'cluster.removed',
  'fips.probe',
  'ratelimit.tripped',
  'request.approved',
  'detection.loaded',
  'detection.refused',
  'detection.alert',
  'detection.gap',
] as const;
export type EventType = (typeof eventTypes)[number];

export type Outcome = 'success' | 'denied' | 'failed';

/** A canonical JSON value (RFC 8785): integers and strings only as scalars besides booleans; no null, no fraction. */
export type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * One record before it has its place in the log. `seq`, `time` and `v` are given when it is sequenced:
 * the encoder leaves their place open.
 */
export interface AuditEvent {
  readonly type: EventType;
  /** UUIDv7, the de-duplication key. */
  readonly id: string;
  readonly outcome: Outcome;
  /** Refusal code; present unless outcome is success. */
  readonly reason?: string;
  /** A human line without secrets. */
  readonly message?: string;
  readonly instance?: Json;
  readonly door?: string;
  readonly request?: Json;
  readonly peer?: Json | undefined;
  readonly caller?: Json;
  readonly onBehalfOf?: Json;
  readonly asked?: Json;
  readonly decision?: Json;
  readonly certificate?: Json;
  /** base64 of the issued certificate. */
  readonly certificateDer?: string;
  /** Where the trail of an order at an outside issuer begins, in that one's own books. */
  readonly outside?: Json;
  readonly revocation?: Json;
  readonly key?: Json;
  readonly actor?: Json;
  /** What was looked at or done at the admin API: the route, what it was given, and how many rows came of it. */
  readonly action?: Json;
  readonly change?: Json;
  readonly clock?: Json;
  readonly export?: Json;
  readonly prev?: Json;
  /** Of `log.pruned`: which bodies go. */
  readonly pruned?: Json;
  /** Of `log.redacted`: which values are erased, never what they were. */
  readonly redacted?: Json;
  /** What a watch rule has found, or could not see. */
  readonly detection?: Json;
  /** How many like this one an aggregated record stands for. */
  readonly count?: number;
}
