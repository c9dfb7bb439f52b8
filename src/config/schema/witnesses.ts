import { count, duration, list, oneOf, optional, path, section, text } from './field.ts';

const asked = section('A witness', {
  url: text('Where it takes checkpoints: add-checkpoint is put behind it, https:// or http://'),
  vkeys: list('Its keys, name+id+key of type 4 or 6; one of them is enough, and all have one name', text('A vkey'), {
    minItems: 1,
  }),
});

/** Who cosigns our log. */
export const witnesses = section(
  'Witnesses that see each checkpoint before it is published, and cosign it. Issuance does not wait for them. Left out, there are none',
  {
    ask: list('The witnesses', asked, { default: [] }),
    quorum: optional(
      count('How many of them are enough for a checkpoint; left out, all', { minimum: 1, maximum: 100 }),
    ),
    policy: optional(
      path(
        'In place of ask and quorum, a trust policy (C2SP tlog-policy): all of its witnesses that have a URL are asked, and its quorum is ours',
      ),
    ),
    timeout: duration('How long a witness is waited for, 1s to 10s; one that has failed is not waited for', {
      default: '2s',
    }),
    without: oneOf(
      'Without a quorum: continue publishes all the same and says so, withhold leaves what is published as it is until there is one',
      ['continue', 'withhold'],
      { default: 'continue' },
    ),
    stopAfter: optional(
      duration(
        'How long without a quorum until nothing is issued any more, 1m to 30d; a restart does not begin it anew. Left out, issuance goes on',
      ),
    ),
    ca: optional(
      path("PEM of the CAs that the witnesses' servers have their certificates from; left out, the system's"),
    ),
  },
);
