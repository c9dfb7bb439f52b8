import { flag, value } from '../command/options.ts';

export const revokeOptions = {
  serial: value('HEX', 'instead of CERT: the certificate of this serial, as the log has it'),
  reason: value('REASON', 'why (RFC 5280 §5.3.1; default: unspecified)', {
    choices: [
      'unspecified',
      'keyCompromise',
      'cACompromise',
      'affiliationChanged',
      'superseded',
      'cessationOfOperation',
      'privilegeWithdrawn',
    ],
  }),
  'requested-by': value('WHO', "who asked for it (default: this user's name)"),
  ticket: value('TEXT', 'where it was decided'),
  at: value('TIME', 'since when it is not to be trusted, RFC 3339 in UTC (default: now)'),
  to: value('FILE', "the document (default: the first that the home's configuration names)"),
  json: flag('one JSON object: {"file", "serial", "issuer", "reason", "added"}'),
} as const;
