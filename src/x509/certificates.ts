import { type Certificate, readCertificate } from './certificate.ts';
import { readPemBlocks } from './pem.ts';

/** All certificates of a PEM text, in its order. Throws PemError, also past `most`, and CertificateError. */
export const readCertificates = (pem: string, most: number): Certificate[] =>
  readPemBlocks(pem, ['CERTIFICATE'], most).map(({ der }) => readCertificate(der));
