import { redactableFields } from '#audit/disclosure.ts';
import { auditArchive, auditRetention } from './audit-retention.ts';
import { auditStore } from './audit-store.ts';
import { duration, flag, list, oneOf, optional, path, section, text } from './field.ts';
import { signingKey } from './key.ts';
import { witnesses } from './witnesses.ts';

const previousKey = section('A key that signed before', {
  key: optional(signingKey),
  until: optional(text('Until when it signs beside audit.key, as 2027-01-31T00:00:00Z; goes with key')),
  vkey: optional(
    text(
      'Its public key, name+id+key, where it can sign no more: what it signed is still known as of this log. That of another origin is passed over',
    ),
  ),
});

export const audit = section('The tamper-evident log', {
  directory: path('Folder of the store, or with another store of what a replica keeps beside it; one server at a time'),
  store: optional(auditStore),
  origin: text('Name of the log in its checkpoints, for instance audit.example.org/mesh; fixed after the first entry'),
  key: signingKey,
  previousKeys: list(
    'Keys that signed before, while verifiers learn the new one: each has exactly one of key, vkey',
    previousKey,
    {
      default: [],
    },
  ),
  publish: path('Folder that checkpoint and tiles are written to, for anyone to verify'),
  checkpointGuard: optional(
    path('A second place, on another volume, for the last signed checkpoint: a restored backup is noticed by it'),
  ),
  witnesses: optional(witnesses),
  includeCertificate: flag('Keep every issued certificate in its record', { default: true }),
  redactable: list(
    'Fields whose values are kept beside the log, which holds salted digests of them: these can be erased (docs/log-store.md)',
    oneOf('One field', redactableFields),
    { default: [] },
  ),
  copyTo: oneOf(
    'Where each record goes besides, as a line of JSON; older than `exports` with `stdout`, which skips none',
    ['nowhere', 'stdout'],
    {
      default: 'nowhere',
    },
  ),
  lifetime: oneOf(
    'lasting: the folder outlives the pod; passing: it does not, which is told of at every start, in the log and in the metrics, unless the log is elsewhere',
    ['lasting', 'passing'],
    { default: 'lasting' },
  ),
  archive: optional(auditArchive),
  retention: optional(auditRetention),
  maxSkew: duration('Issuance pauses while the clock is further than this behind the newest record; at most 1h', {
    default: '10s',
  }),
});
