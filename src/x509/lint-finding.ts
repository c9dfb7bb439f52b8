import { Refusal } from '#refusal/refusal.ts';
import { CertificateError } from './certificate-error.ts';
import { DerError } from './der/reader.ts';

/** What is looked at before it is released, by the name of what it is held against. */
const standards = { certificate: 'the permit', CRL: 'its terms', 'OCSP response': 'its terms' } as const;
type Linted = keyof typeof standards;

/** Throws Refusal `profile.lint` that names the field. */
export function differs(field: string, what: Linted = 'certificate'): never {
  throw new Refusal('profile.lint', `the ${what} to be signed differs from ${standards[what]} in ${field}`, { field });
}

/** What `read` finds malformed as Refusal `profile.lint`. */
export function reading(read: () => void, what: Linted = 'certificate'): void {
  try {
    read();
  } catch (thrown) {
    if (!(thrown instanceof CertificateError || thrown instanceof DerError)) throw thrown;
    throw new Refusal(
      'profile.lint',
      `the ${what} to be signed is malformed: ${thrown.message}`,
      {},
      { cause: thrown },
    );
  }
}
