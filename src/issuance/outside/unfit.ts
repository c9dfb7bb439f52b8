import { Refusal } from '#refusal/refusal.ts';

/** What came back from outside is not what was permitted: `field` of the certificate, or its chain. */
export function unfit(field: string, what: string, cause?: unknown): never {
  throw new Refusal(
    'profile.lint',
    `the certificate that came back is not taken: ${field}: ${what}`,
    { field },
    cause === undefined ? {} : { cause },
  );
}
