import type { IssuerSpec } from '#doors/kubernetes/issuer-spec.ts';

const defaults: IssuerSpec = { issuer: undefined, defaultSeconds: 2160 * 3600, maxSeconds: undefined, isCA: false };

/** What people write, and what is read of it. */
export const rightSpecs: readonly (readonly [spec: object, read: IssuerSpec])[] = [
  [{}, defaults],
  [
    { issuer: 'mesh', isCA: true },
    { ...defaults, issuer: 'mesh', isCA: true },
  ],
  [{ issuer: 'Mesh CA, 2026' }, { ...defaults, issuer: 'Mesh CA, 2026' }],
  [{ issuer: 'm'.repeat(253) }, { ...defaults, issuer: 'm'.repeat(253) }],
  [{ maxDuration: '2160h' }, { ...defaults, maxSeconds: 2160 * 3600 }],
  [
    { defaultDuration: '1h', maxDuration: '24h' },
    { ...defaults, defaultSeconds: 3600, maxSeconds: 86_400 },
  ],
  [
    { defaultDuration: '60m', maxDuration: '1h' },
    { ...defaults, defaultSeconds: 3600, maxSeconds: 3600 },
  ],
  ...Object.entries({
    '5m': 300,
    '300s': 300,
    '90m': 5400,
    '1h30m': 5400,
    '30m1h': 5400,
    '1.5h': 5400,
    '1.15h': 4140,
    '2160h0m0s': 2160 * 3600,
    '300.4s': 300,
    '300.6s': 301,
    '87600h': 87_600 * 3600,
    '5256000m': 87_600 * 3600,
    '315360000s': 87_600 * 3600,
  }).map(([defaultDuration, defaultSeconds]) => [{ defaultDuration }, { ...defaults, defaultSeconds }] as const),
];

const noLifetimes = [
  ...['', ' ', 'soon', '90', 'h', '1d', '3months', '1h 30m', '1h30', '1,5h', '.h', '1e3h', 'PT1H', '-1h', '+1h'],
  ...['0', '0s', '4m59s', '299999ms', '4m59.9s', '87600h1s', '87601h', '99999h99999h', '9999999999999h'],
];
const length = (field: string) =>
  new RegExp(
    `${field} must be a length of time from 5m to 87600h in h, m and s, such as 2160h, 90m or 1h30m|${field}.*more than 80`,
  );

/** What is wrong, and what is said of it: by the API server, and by the reader where no definition of ours was in the way. */
export const wrongSpecs: readonly (readonly [spec: object, said: RegExp])[] = [
  ...noLifetimes.flatMap((text): (readonly [object, RegExp])[] => [
    [{ defaultDuration: text }, length('defaultDuration')],
    [{ maxDuration: text }, length('maxDuration')],
  ]),
  [{ defaultDuration: `${'0'.repeat(80)}9m` }, length('defaultDuration')],
  [{ maxDuration: '24h' }, /maxDuration must not be shorter than defaultDuration, which is 2160h unless it is set too/],
  [{ defaultDuration: '2h', maxDuration: '119m' }, /maxDuration must not be shorter than defaultDuration/],
  [{ defaultDuration: 3600 }, /defaultDuration.* must be .*string/],
  [{ maxDuration: true }, /maxDuration.* must be .*string/],
  [{ issuer: '' }, /issuer must name an issuer of the server's configuration; leave it out for the default one/],
  [{ issuer: ' \t' }, /issuer must name an issuer of the server's configuration; leave it out for the default one/],
  [{ issuer: 'm'.repeat(254) }, /issuer.*more than 253/],
  [{ issuer: ['mesh'] }, /issuer.* must be .*string/],
  [{ isCA: 'yes' }, /isCA.* must be .*boolean/],
];
