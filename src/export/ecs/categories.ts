import type { EventType } from '#audit/event.ts';

/** Values of `event.category` and `event.type` that ECS allows, as far as records have them. */
interface Categories {
  readonly category: 'iam' | 'configuration' | 'authentication' | 'process' | 'intrusion_detection';
  readonly type: 'creation' | 'change' | 'deletion' | 'start' | 'end' | 'info' | 'access' | 'admin';
}

const iam = (type: Categories['type']): Categories => ({ category: 'iam', type });
const configuration = (type: Categories['type']): Categories => ({ category: 'configuration', type });
const authentication = (type: Categories['type']): Categories => ({ category: 'authentication', type });
const process = (type: Categories['type']): Categories => ({ category: 'process', type });

export const categories: Readonly<Record<EventType, Categories>> = {
  'certificate.intended': iam('info'),
  'certificate.issued': iam('creation'),
  'certificate.denied': iam('creation'),
  'certificate.failed': iam('creation'),
  'certificate.revoked': iam('deletion'),
  'crl.published': iam('change'),
  'key.generated': iam('creation'),
  'key.imported': iam('creation'),
  'key.activated': iam('change'),
  'key.retired': iam('change'),
  'key.destroyed': iam('deletion'),
  'ceremony.step': iam('admin'),
  'issuer.installed': configuration('creation'),
  'issuer.rotated': configuration('change'),
  'trustbundle.changed': configuration('change'),
  'hsm.login': authentication('start'),
  'hsm.lost': process('end'),
  'hsm.recovered': process('start'),
  'policy.text': configuration('change'),
  'policy.loaded': configuration('change'),
  'policy.refused': configuration('change'),
  'policy.dryrun-flip': configuration('change'),
  'config.loaded': configuration('change'),
  'config.refused': configuration('change'),
  'admin.login': authentication('start'),
  'admin.denied': authentication('start'),
  'admin.action': iam('admin'),
  'export.started': process('start'),
  'export.gap': process('info'),
  'export.caught-up': process('info'),
  'log.opened': process('start'),
  'log.recovered': process('info'),
  'log.checkpoint-failed': process('info'),
  'log.pruned': process('change'),
  'log.redacted': process('change'),
  'log.witnessed': process('info'),
  'service.started': process('start'),
  'service.stopped': process('end'),
  'service.degraded': process('info'),
  'clock.step': configuration('change'),
  'blocklist.loaded': configuration('change'),
  'cluster.added': configuration('creation'),
  'cluster.changed': configuration('change'),
  'cluster.removed': configuration('deletion'),
  'fips.probe': configuration('info'),
  'ratelimit.tripped': iam('info'),
  'request.approved': iam('change'),
  'detection.loaded': configuration('change'),
  'detection.refused': configuration('change'),
  'detection.alert': { category: 'intrusion_detection', type: 'info' },
  'detection.gap': process('info'),
};
