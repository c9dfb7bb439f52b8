import type { Entry } from '#audit/entry.ts';
import type { EventType } from '#audit/event.ts';
import { memberAt } from './member.ts';

/** How much a record wants to be looked at; the numbers are those of OCSF. */
export type Severity = 1 | 2 | 3 | 4 | 5;

export const severityNames: Readonly<Record<Severity, string>> = {
  1: 'Informational',
  2: 'Low',
  3: 'Medium',
  4: 'High',
  5: 'Critical',
};

interface Kind {
  /** In a list of alerts, for people. */
  readonly title: string;
  /** When it comes to a good end. */
  readonly severity: Severity;
}

export const kinds: Readonly<Record<EventType, Kind>> = {
  'certificate.intended': { title: 'Certificate about to be signed', severity: 1 },
  'certificate.issued': { title: 'Certificate issued', severity: 1 },
  'certificate.denied': { title: 'Certificate denied', severity: 3 },
  'certificate.failed': { title: 'Certificate could not be issued', severity: 3 },
  'certificate.revoked': { title: 'Certificate revoked', severity: 2 },
  'crl.published': { title: 'CRL published', severity: 1 },
  'key.generated': { title: 'CA key generated', severity: 2 },
  'key.imported': { title: 'CA key imported', severity: 3 },
  'key.activated': { title: 'Key taken into use', severity: 2 },
  'key.retired': { title: 'Key taken out of use', severity: 2 },
  'key.destroyed': { title: 'CA key destroyed', severity: 3 },
  'ceremony.step': { title: 'Step of a key ceremony', severity: 2 },
  'issuer.installed': { title: 'Issuer installed', severity: 2 },
  'issuer.rotated': { title: 'Issuer replaced', severity: 2 },
  'trustbundle.changed': { title: 'Trust bundle changed', severity: 2 },
  'hsm.login': { title: 'Login to the HSM', severity: 1 },
  'hsm.lost': { title: 'HSM lost', severity: 4 },
  'hsm.recovered': { title: 'HSM recovered', severity: 2 },
  'policy.text': { title: 'A piece of the policies that are loaded', severity: 1 },
  'policy.loaded': { title: 'Policies loaded', severity: 2 },
  'policy.refused': { title: 'Policies refused', severity: 3 },
  'policy.dryrun-flip': { title: 'Policy begins or ceases to be enforced', severity: 2 },
  'config.loaded': { title: 'Configuration loaded', severity: 2 },
  'config.refused': { title: 'Configuration refused', severity: 3 },
  'admin.login': { title: 'Administrator logged in', severity: 1 },
  'admin.denied': { title: 'Administrator denied', severity: 3 },
  'admin.action': { title: 'Administrator acted', severity: 1 },
  'export.started': { title: 'Export started', severity: 1 },
  'export.gap': { title: 'Export lags behind', severity: 4 },
  'export.caught-up': { title: 'Export caught up', severity: 1 },
  'log.opened': { title: 'Audit log opened', severity: 1 },
  'log.recovered': { title: 'Audit log recovered', severity: 3 },
  'log.checkpoint-failed': { title: 'Audit log could not be published', severity: 4 },
  'log.pruned': { title: 'Audit log pruned', severity: 3 },
  'log.redacted': { title: 'Audit log redacted', severity: 3 },
  'log.witnessed': { title: 'Audit log witnessed', severity: 1 },
  'service.started': { title: 'Server started', severity: 1 },
  'service.stopped': { title: 'Server stopped', severity: 2 },
  'service.degraded': { title: 'Server degraded', severity: 4 },
  'clock.step': { title: 'Clock stepped', severity: 3 },
  'blocklist.loaded': { title: 'List of weak keys loaded', severity: 1 },
  'cluster.added': { title: 'Remote cluster added', severity: 2 },
  'cluster.changed': { title: 'Remote cluster changed', severity: 2 },
  'cluster.removed': { title: 'Remote cluster removed', severity: 2 },
  'fips.probe': { title: 'Level of algorithms', severity: 1 },
  'ratelimit.tripped': { title: 'Rate limit tripped', severity: 3 },
  'request.approved': { title: 'Request approved', severity: 1 },
  'detection.loaded': { title: 'Watch rules loaded', severity: 2 },
  'detection.refused': { title: 'Watch rules refused', severity: 3 },
  'detection.alert': { title: 'Watch rule alerts', severity: 3 },
  'detection.gap': { title: 'Watch rules could not see all', severity: 3 },
};

/** Reasons that speak of an attack, or of a CA that cannot be relied upon. */
const grave: readonly string[] = [
  ...['authn.impersonation', 'identity.', 'key.weak.', 'key.blocklisted', 'key.own'],
  ...['log.', 'signer.', 'profile.', 'clock.', 'policy.error', 'internal', 'crash.'],
];

/** Keys of CAs come and go at ceremonies, and those have people. */
const ofCeremonies: ReadonlySet<EventType> = new Set(['key.generated', 'key.imported', 'key.destroyed']);

const ofRules: Readonly<Record<string, Severity>> = { informational: 1, low: 2, medium: 3, high: 4, critical: 5 };

export function severityOf({ type, outcome, reason, actor, detection }: Entry): Severity {
  if (type === 'detection.alert') return ofRules[String(memberAt(detection, ['severity']))] ?? 3;
  if (ofCeremonies.has(type) && actor === undefined) return 5;
  const { severity } = kinds[type];
  if (outcome === 'success') return severity;
  const isGrave = typeof reason === 'string' && grave.some((start) => reason.startsWith(start));
  return isGrave || severity > 3 ? 4 : 3;
}

/** The record's own words, else the title of its kind. */
export const messageOf = ({ message, type }: Entry): string =>
  typeof message === 'string' ? message : kinds[type].title;
