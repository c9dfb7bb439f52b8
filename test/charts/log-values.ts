import { generateKeyPairSync } from 'node:crypto';
import { checkpointKey } from '#audit/checkpoint.ts';
import { cosigner } from '#audit/cosignature.ts';
import type { Values } from './helm.ts';

const vkey = (name: string) => cosigner(name, generateKeyPairSync('ed25519').privateKey).vkey;
const log = checkpointKey('log.example/mesh', generateKeyPairSync('ed25519').publicKey, () => {
  throw new Error('it signs nothing');
});
const witnesses = ['witness.north.example', 'witness.south.example'].map((name) => ({
  url: `https://${name}/`,
  vkeys: [vkey(name)],
}));
const trust = `witness north ${vkey('witness.north.example')} https://witness.north.example/\nquorum north\n`;
const authority = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n';

const watchRule = {
  apiVersion: 'countersign.dev/v1alpha1',
  kind: 'WatchRule',
  metadata: { name: 'critical-errors' },
  spec: {
    severity: 'high',
    message: 'a certificate could not be made',
    burst: { match: { type: ['certificate.failed'] }, count: 1, by: ['caller'] },
  },
};

/** Everything that goes over the network, with what each of them wants of Secrets. */
export const copied: Values = {
  audit: {
    redactable: ['peer.ip', 'actor.user'],
    witnesses: { ask: witnesses, quorum: 1, without: 'withhold', stopAfter: '1h', ca: authority },
    retention: { bodies: '90d' },
    archive: {
      s3: {
        endpoint: 'https://s3.eu-north-1.amazonaws.com',
        region: 'eu-north-1',
        bucket: 'audit-logs',
        prefix: 'mesh/',
        accessKey: { secretName: 'archive', key: 'id' },
        secretKey: { secretName: 'archive', key: 'secret' },
        ca: { configMap: 'companies-ca', key: 'ca.crt' },
        lock: { mode: 'compliance', days: 2557 },
      },
    },
  },
  exports: {
    sinks: [
      {
        name: 'splunk',
        to: {
          splunk: {
            url: 'https://hec.example.org:8088',
            token: { secretName: 'siem', key: 'hec' },
            acknowledge: true,
            tls: { ca: { configMap: 'companies-ca', key: 'ca.crt' } },
          },
        },
        batch: { records: 500, size: '2MiB' },
      },
      {
        name: 'elastic',
        format: 'ocsf',
        to: {
          elastic: {
            url: 'https://es.example.org:9200',
            basic: { user: 'countersign', password: { secretName: 'siem', key: 'es' } },
          },
        },
        lag: { warn: '10m', alarm: '2h' },
      },
      {
        name: 'collector',
        to: {
          otlp: {
            url: 'http://collector.observability:4318',
            headers: [
              { name: 'x-tenant', value: { secretName: 'siem', key: 'tenant' } },
              { name: 'x-api-key', value: { env: 'COLLECTOR_KEY' } },
            ],
          },
        },
      },
      {
        name: 'syslog',
        to: {
          syslog: {
            host: 'syslog.example.org',
            tls: {
              ca: { configMap: 'companies-ca', key: 'ca.crt' },
              certificate: { secretName: 'syslog', key: 'tls.crt' },
              key: { secretName: 'syslog', key: 'tls.key' },
            },
          },
        },
      },
    ],
  },
  detection: { shipped: ['pod-on-two-nodes'], rules: { 'errors.yaml': watchRule } },
  extraEnv: [{ name: 'COLLECTOR_KEY', value: 'key' }],
};

/** What stays in the cluster: claims of each replica, and one of all. */
export const onVolumes: Values = {
  audit: {
    witnesses: { policy: trust, timeout: '5s' },
    retention: { bodies: '1d', elsewhere: 'optional' },
    archive: { volume: { enabled: true, storageClassName: 'cold', accessModes: ['ReadWriteOnce'] } },
  },
  exports: {
    sinks: [
      { name: 'files', format: 'csv', to: { file: { entries: 4096 } } },
      { name: 'lines', to: { stdout: {} } },
    ],
    volume: { enabled: true, existingClaim: 'all-exports' },
  },
};

/** All replicas write it, archived and delivered by whichever of them it is at the moment. */
export const shared: Values = {
  replicaCount: 3,
  audit: {
    volume: { persistent: false },
    key: { secret: { name: 'log' } },
    store: {
      postgres: {
        hosts: ['db-a', 'db-b:5433'],
        password: { secretName: 'log-database', key: 'password' },
        tls: { ca: { configMap: 'companies-ca', key: 'ca.crt' } },
      },
    },
  },
};

/** Knows one log. */
export const witnessing: Values = {
  replicaCount: 1,
  podDisruptionBudget: { enabled: false },
  witness: {
    enabled: true,
    name: 'witness.example.org/mesh',
    keys: [
      { secretName: 'witness', key: 'witness.key' },
      { secretName: 'witness', key: 'witness-pq.key' },
    ],
    logs: [log.vkey],
    service: { type: 'LoadBalancer' },
  },
  networkPolicy: { witnessFrom: [{ ipBlock: { cidr: '192.0.2.0/24' } }] },
};

/** The Secrets and ConfigMaps that these name. */
export const secretsOfCopies = {
  archive: { id: 'AKIA', secret: 'a secret' },
  siem: { hec: 'a token', es: 'a password', tenant: 'mesh' },
  syslog: { 'tls.crt': 'a certificate', 'tls.key': 'a key' },
  'companies-ca': { 'ca.crt': 'a root' },
  'log-database': { password: 'a password' },
  log: { 'log.key': 'a key' },
  witness: { 'witness.key': 'a key', 'witness-pq.key': 'another' },
};
