import { redactableFields } from '#audit/disclosure.ts';
import { flag, many, value } from '../command/options.ts';

export const keyOption = value(
  'VKEY',
  "the log's public key: a vkey, or a file with one, or with one a line (default: the home's log.vkey)",
);
export const trustOption = value(
  'FILE',
  'a trust policy (C2SP tlog-policy): the logs that are believed, and the witnesses that must have cosigned the checkpoint',
);
export const logOption = value('DIR', "the published log: checkpoint, tiles, entries (default: the home's)");
const storeOption = value(
  'DIR',
  "the server's own store, read beside it: its folder, or its configuration file where that names a PostgreSQL (default: the home's, unless --log is given)",
);

export const verifyOptions = {
  key: keyOption,
  'trust-policy': trustOption,
  kept: many('FILE', 'a checkpoint that you kept of an earlier look: the log must still begin with it'),
  archive: value('DIR', 'a folder of audit.archive: the records that were dropped are checked as they stand there'),
  store: value(
    'DIR',
    "check the server's own store as well: its folder, or its configuration file where that names a PostgreSQL (default: the home's, unless a DIR is given)",
  ),
  json: flag(
    'one JSON object: {"verified", "origin", "size", "root", "witnesses"} or {"verified": false, "file", "index", "problem"}',
  ),
} as const;

export const discloseOption = flag(
  'also the values that are kept beside the log (audit.redactable), each checked against what its record commits to',
);

export const redactOptions = {
  index: value('N', 'the record at this leaf index'),
  field: value('FIELD', 'only this field', { choices: redactableFields }),
  subject: value('TEXT', 'wherever this is the value, in all of the log'),
  'requested-by': value('WHO', "who asked for it (default: this user's name); it goes into the log"),
  json: flag('one JSON object: {"erases": [{"index", "field"}, ...]}'),
} as const;

export const listOptions = {
  log: logOption,
  store: storeOption,
  type: value('TYPE', 'only records of this type, such as certificate.issued; or a beginning, such as certificate'),
  outcome: value('OUTCOME', 'only these', { choices: ['success', 'denied', 'failed'] }),
  reason: value('CODE', 'only refusals of this code, or beginning, such as key.weak'),
  identity: value('TEXT', 'only records whose caller or certificate has this in its SPIFFE ID'),
  serial: value('HEX', 'only the certificate of this serial'),
  since: value('TIME', 'not older: RFC 3339, or a length of time ago such as 2h'),
  until: value('TIME', 'not newer'),
  before: value('INDEX', 'go on from here: only records before this index'),
  limit: value('N', 'at most so many, 1 to 1000 (default: 50)'),
  disclose: discloseOption,
  json: flag(
    'one JSON object: {"size", "records": [...], "before"}; "before" continues with --before; "disclosures" with --disclose',
  ),
} as const;

const findOptions = {
  log: logOption,
  store: storeOption,
  key: keyOption,
  'trust-policy': trustOption,
} as const;

export const checkOptions = {
  ...findOptions,
  proof: value('FILE', 'believe this proof, and look into no log'),
  each: flag('every certificate in the file on its own, as several files and folders are taken'),
  hashes: value('FILE', 'SHA-256 of certificates instead, one a line; - is stdin'),
  issuer: many(
    'FILE',
    "of several certificates only those count that these issuers have signed (default: the home's; where none are known, all)",
  ),
  json: flag(
    'one JSON object: {"logged", "index", "published", "proven"}; of several {"logged", "checked", "foreign", "unlogged": [...], "found": [...]}',
  ),
} as const;

export const proveOptions = {
  ...findOptions,
  out: value('FILE', 'write the proof there (default: stdout)', { short: 'o' }),
} as const;

export const makeKeyOptions = { json: flag('one JSON object: {"file", "made"}') } as const;
