import { Refusal } from '#refusal/refusal.ts';
import { CertificateError } from './certificate-error.ts';
import { DerError } from './der/reader.ts';

/** Throws Refusal `profile.lint` that names the field. */
export function differs(field: string): never {
  throw new Refusal('profile.lint', `the certificate to be signed differs from the permit in ${field}`, { field });
}

/** What `read` finds malformed as Refusal `profile.lint`. */
export function reading(read: () => void): void {
  try {
    read();
  } catch (thrown) {
    if (!(thrown instanceof CertificateError || thrown instanceof DerError)) throw thrown;
    throw new Refusal(
      'profile.lint',
      `the certificate to be signed is malformed: ${thrown.message}`,
      {},
      { cause: thrown },
    );
  }
}
