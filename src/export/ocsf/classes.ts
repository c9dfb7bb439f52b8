import type { EventType } from '#audit/event.ts';

/** The five classes of OCSF 1.8.0 that records belong to. */
export type ClassName = keyof typeof classes;

export const classes = {
  'API Activity': { uid: 6003, category: 6 },
  'Entity Management': { uid: 3004, category: 3 },
  'Application Lifecycle': { uid: 6002, category: 6 },
  Authentication: { uid: 3002, category: 3 },
  'Detection Finding': { uid: 2004, category: 2 },
} as const;

export interface Place {
  readonly name: ClassName;
  readonly activity: number;
}

const api = (activity: 1 | 3 | 4 | 99): Place => ({ name: 'API Activity', activity });
const entity = (activity: 1 | 3 | 4 | 8 | 9): Place => ({ name: 'Entity Management', activity });
const application = (activity: 3 | 4 | 8): Place => ({ name: 'Application Lifecycle', activity });
const finding: Place = { name: 'Detection Finding', activity: 1 };
const logon: Place = { name: 'Authentication', activity: 1 };

const activityNames: Readonly<Record<ClassName, Readonly<Record<number, string>>>> = {
  'API Activity': { 1: 'Create', 3: 'Update', 4: 'Delete' },
  'Entity Management': { 1: 'Create', 3: 'Update', 4: 'Delete', 8: 'Enable', 9: 'Disable' },
  'Application Lifecycle': { 3: 'Start', 4: 'Stop', 8: 'Update' },
  Authentication: { 1: 'Logon' },
  'Detection Finding': { 1: 'Create' },
};

/** An activity that OCSF does not know, 99, has the type of the record as its name. */
export const activityName = ({ name, activity }: Place, type: EventType): string =>
  activityNames[name][activity] ?? type;

export const places: Readonly<Record<EventType, Place>> = {
  'certificate.intended': api(99),
  'certificate.issued': api(1),
  'certificate.denied': api(1),
  'certificate.failed': api(1),
  'certificate.revoked': api(4),
  'crl.published': api(1),
  'key.generated': entity(1),
  'key.imported': entity(1),
  'key.activated': entity(8),
  'key.retired': entity(9),
  'key.destroyed': api(4),
  'ceremony.step': api(99),
  'issuer.installed': entity(1),
  'issuer.rotated': entity(3),
  'trustbundle.changed': entity(3),
  'hsm.login': logon,
  'hsm.lost': application(8),
  'hsm.recovered': application(8),
  'policy.text': entity(3),
  'policy.loaded': entity(3),
  'policy.refused': entity(3),
  'policy.dryrun-flip': entity(3),
  'config.loaded': entity(3),
  'config.refused': entity(3),
  'admin.login': logon,
  'admin.denied': logon,
  'admin.action': api(99),
  'export.started': application(3),
  'export.gap': application(8),
  'export.caught-up': application(8),
  'log.opened': application(3),
  'log.recovered': application(8),
  'log.checkpoint-failed': application(8),
  'log.pruned': application(8),
  'log.redacted': application(8),
  'log.witnessed': application(8),
  'service.started': application(3),
  'service.stopped': application(4),
  'service.degraded': application(8),
  'clock.step': application(8),
  'blocklist.loaded': entity(3),
  'cluster.added': entity(1),
  'cluster.changed': entity(3),
  'cluster.removed': entity(4),
  'fips.probe': application(8),
  'ratelimit.tripped': api(1),
  'request.approved': api(3),
  'detection.loaded': entity(3),
  'detection.refused': entity(3),
  'detection.alert': finding,
  'detection.gap': application(8),
};
