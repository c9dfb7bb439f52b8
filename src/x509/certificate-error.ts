import { DerError } from './der/reader.ts';

/** What is wrong with a certificate and in which field of RFC 5280 §4.1. Callers turn it into their own words. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
  readonly field: string;
  readonly what: string;

  constructor(field: string, what: string, options?: ErrorOptions) {
    super(`${field}: ${what}`, options);
    this.field = field;
    this.what = what;
  }
}

/** A reader's complaint as one about `field`; anything else unchanged. */
export function inField(field: string, thrown: unknown): unknown {
  return thrown instanceof DerError ? new CertificateError(field, thrown.message, { cause: thrown }) : thrown;
}
