import type { Values } from './helm.ts';
import { copied, onVolumes, shared, witnessing } from './log-values.ts';
import { ownIssuer } from './secrets.ts';

const people = {
  api: { enabled: true, clientRoots: 'PEM', roles: [{ who: { subject: 'CN=Ada' }, roles: ['viewer'] }] },
};
const archivedAt = (directory: string) => ({ config: { audit: { archive: { directory } } } });

/** As refused-values.ts, of the log and its copies. */
export const refusedLogValues: readonly (readonly [string, readonly Values[], RegExp])[] = [
  [
    'replicas that share a key of a witness',
    [ownIssuer, witnessing, { replicaCount: 2 }],
    /witness: 2 replicas would sign with one key and remember apart, .*two histories of a log: set replicaCount=1/,
  ],
  [
    'replicas that share a key of a witness, in the words of the configuration',
    [ownIssuer, { config: { witness: { name: 'w' } } }],
    /witness: 2 replicas would sign with one key/,
  ],
  [
    'a witness that forgets with its pod',
    [ownIssuer, witnessing, { audit: { volume: { persistent: false } } }],
    /witness: one that forgets .*audit\.volume\.persistent=true/,
  ],
  ['a witness of nobody', [ownIssuer, witnessing, { witness: { logs: [] } }], /witness\.logs: the vkeys of the logs/],
  ['a witness without a key', [ownIssuer, witnessing, { witness: { keys: [] } }], /witness\.keys: a key is needed/],
  [
    'two doors at one port',
    [ownIssuer, witnessing, { ...people, witness: { port: 9404 } }],
    /witness\.port and api\.port: two doors need two ports/,
  ],
  [
    'a log of all replicas that each sign with a key of their own',
    [ownIssuer, shared, { audit: { key: { secret: { name: '' } } } }],
    /audit\.key: replicas that share a log sign with one key/,
  ],
  [
    'a log of all replicas without a database',
    [ownIssuer, shared, { audit: { store: { postgres: { hosts: [] } } } }],
    /audit\.store\.postgres\.hosts: the servers/,
  ],
  [
    'two ways to say who cosigns',
    [ownIssuer, copied, { audit: { witnesses: { policy: 'quorum none' } } }],
    /audit\.witnesses\.ask and audit\.witnesses\.policy: one of them/,
  ],
  [
    'more witnesses than there are',
    [ownIssuer, copied, { audit: { witnesses: { quorum: 3 } } }],
    /audit\.witnesses\.quorum: 3 of 2 is more than there are/,
  ],
  [
    'witnesses of a log that ends with its pod',
    [ownIssuer, { audit: { volume: { persistent: false }, witnesses: { policy: 'quorum none' } } }],
    /audit\.witnesses: .* another history to a witness: set audit\.volume\.persistent=true/,
  ],
  [
    'an archive of a log that ends with its pod',
    [ownIssuer, { audit: { volume: { persistent: false }, archive: { volume: { enabled: true } } } }],
    /audit\.archive: .* holds the one before: set audit\.volume\.persistent=true/,
  ],
  [
    'an archive in two places',
    [ownIssuer, copied, { audit: { archive: { volume: { enabled: true } } } }],
    /audit\.archive\.volume and audit\.archive\.s3: the archive is in one place/,
  ],
  [
    'an archive on an emptyDir',
    [
      ownIssuer,
      archivedAt('/var/archive/mesh'),
      {
        volumes: [{ name: 'archive', emptyDir: {} }],
        volumeMounts: [
          { name: 'all', mountPath: '/var' },
          { name: 'archive', mountPath: '/var/archive' },
        ],
      },
    ],
    /config\.audit\.archive\.directory: \/var\/archive\/mesh is on an emptyDir, .*use audit\.archive\.volume/,
  ],
  [
    'an archive on nothing',
    [ownIssuer, archivedAt('/var/archive')],
    /config\.audit\.archive\.directory: \/var\/archive is on no volume/,
  ],
  [
    'a secret of the archive that is written down',
    [ownIssuer, copied, { audit: { archive: { s3: { secretKey: 'wJalr' } } } }],
    /'?\/audit\/archive\/s3/,
  ],
  [
    'records that nobody has when they are dropped',
    [ownIssuer, { audit: { retention: { bodies: '90d' } } }],
    /audit\.retention: nobody has what is dropped, .*audit\.retention\.elsewhere=optional/,
  ],
  [
    'a sink of files without a volume',
    [ownIssuer, onVolumes, { exports: { volume: { enabled: false } } }],
    /exports\.sinks: files writes files, .*exports\.volume\.enabled=true/,
  ],
  [
    'a sink of files on an emptyDir',
    [
      ownIssuer,
      {
        config: { exports: [{ name: 'files', to: { file: { directory: '/exports' } } }] },
        volumes: [{ name: 'e', emptyDir: {} }],
        volumeMounts: [{ name: 'e', mountPath: '/exports/' }],
      },
    ],
    /config\.exports: to\.file\.directory: \/exports is on an emptyDir/,
  ],
  [
    'files of a log that begins anew',
    [
      ownIssuer,
      { exports: { sinks: [{ name: 'files', to: { file: {} } }], volume: { enabled: true } } },
      { audit: { volume: { persistent: false } } },
    ],
    /exports\.sinks: files would write over its files/,
  ],
  [
    'two sinks of one name',
    [
      ownIssuer,
      {
        exports: {
          sinks: [
            { name: 'out', to: { stdout: {} } },
            { name: 'out', to: { stdout: {} } },
          ],
        },
      },
    ],
    /exports\.sinks: two are called out/,
  ],
  [
    'a token that is written down',
    [ownIssuer, { exports: { sinks: [{ name: 's', to: { splunk: { url: 'https://hec.example', token: 'abc' } } }] } }],
    /at '\/exports\/sinks\/0\/to\/splunk\/token'/,
  ],
  ['a watch rule that does not ship', [ownIssuer, { detection: { shipped: ['pods'] } }], /'\/detection\/shipped\/0'/],
  [
    'a field of the log that cannot be kept beside it',
    [ownIssuer, { audit: { redactable: ['message'] } }],
    /'\/audit\/redactable\/0'/,
  ],
];
