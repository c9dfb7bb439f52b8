import { count, optional, optionalSection, share } from './field.ts';

interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

const rate = (title: string, { perSecond, burst }: Rate) =>
  optionalSection(title, {
    perSecond: share(
      'Certificates a second in the long run',
      { minimum: 0.01, maximum: 1_000_000 },
      { default: perSecond },
    ),
    burst: count('Certificates at once, after a rest', { minimum: 1, maximum: 10_000_000 }, { default: burst }),
  });

/** Left out limits let ten thousand pods restart at once, be they of one service account, and hold a loop. */
export const fairness = optionalSection(
  'Who gets a certificate where not all can: past a limit the answer is RESOURCE_EXHAUSTED at once, and agents come again',
  {
    inWork: optional(
      count(
        'Certificates in the making from which on only those below their fair share may begin another; left out, half of istio.limits.maxConcurrentCalls',
        {
          minimum: 1,
          maximum: 100_000,
        },
      ),
    ),
    keptForRenewals: share(
      'Part of every burst, and of inWork, that only renewals of living certificates may use',
      { minimum: 0, maximum: 0.9 },
      { default: 0.25 },
    ),
    cluster: rate('All of one cluster', { perSecond: 1000, burst: 60_000 }),
    namespace: rate('All of one namespace of one cluster', { perSecond: 200, burst: 20_000 }),
    serviceAccount: rate('All pods of one service account', { perSecond: 50, burst: 14_000 }),
    node: rate('All pods of one node', { perSecond: 10, burst: 1000 }),
  },
);
