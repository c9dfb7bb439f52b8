import { replayOptions as auditReplay } from '../audit/replay-options.ts';
import { flag, many, value } from '../command/options.ts';

const { log, store, key, 'trust-policy': trust, kept, archive } = auditReplay;

export const rulesHelp = "rules, or folders of them (default: those of the home's configuration)";

export const replayOptions = {
  rules: many('FILE', rulesHelp),
  since: value('TIME', 'only alerts since: RFC 3339, or a length of time ago such as 30d'),
  until: value('TIME', 'only alerts until then'),
  limit: value('N', 'list at most so many, 1 to 100000 (default: 1000); all are counted'),
  ...{ log, store, key, 'trust-policy': trust, kept, archive },
  json: flag('one JSON object: {"size", "setId", "rules": [{"rule", "alerts", "forgotten"}], "alerts": [...]}'),
} as const;
