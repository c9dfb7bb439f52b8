import type { Certificate } from '../certificate.ts';

/** Why a chain is not taken. Names of the record and of messages: add, never rename. */
export type FaultCode =
  | 'no-issuer'
  | 'too-complex'
  | 'bad-signature'
  | 'algorithm'
  | 'key'
  | 'not-yet-valid'
  | 'expired'
  | 'not-ca'
  | 'path-length'
  | 'depth'
  | 'key-usage'
  | 'purpose'
  | 'critical-extension'
  | 'extension'
  | 'name'
  | 'name-constraints'
  | 'crl'
  | 'revoked';

export interface Fault {
  readonly code: FaultCode;
  /** The certificate it is about, by its subject or, lacking one, its names or serial. */
  readonly certificate: string;
  /** What is wrong, and the rule where there is one. */
  readonly sentence: string;
}

export function fault(code: FaultCode, certificate: Certificate, sentence: string): Fault {
  return { code, certificate: describe(certificate), sentence };
}

/** What a person would call the certificate. */
function describe(certificate: Certificate): string {
  if (!certificate.hasEmptySubject) return certificate.subjectText;
  return certificate.names[0]?.text ?? `serial ${certificate.serialText}`;
}
