import { address, count, duration, list, optional, path, section, text } from './field.ts';

/** How the end of a certificate before its time is told. */
export const revocation = section(
  'Revocation of the certificates of hosts and CAs, by CRL and OCSP; those of workloads end by themselves and carry no pointers to it. Left out, nothing can be revoked',
  {
    documents: list(
      'Files and folders of `kind: Revocations`: what is revoked, reviewed as policies are, and taken while the server runs',
      path('A file or a folder'),
      { default: [] },
    ),
    directory: path('Folder in which the CRLs are kept, KEYID.crl; anybody may copy it'),
    upperCrls: list(
      'CRLs of the CAs above the issuers, which others sign: a root by a ceremony, an enterprise CA by its own hand. DER or PEM, taken while the server runs, and handed out beside ours; with one for every CA of the chains there is a bundle of all',
      path('A file'),
      { default: [] },
    ),
    listen: address('Address of the door that answers for them: plain HTTP, for anybody', {
      default: '127.0.0.1:9403',
    }),
    maxConnections: count('Open connections of it', { minimum: 1, maximum: 10_000 }, { default: 256 }),
    url: optional(
      text(
        'Where others reach that door, http://HOST or with a path before it; certificates of hosts and CAs point there. Left out, they carry no pointers, and who wants to know has to know where',
      ),
    ),
    crlLifetime: duration(
      'Time until a CRL has to be replaced, 1h to 365d; the next one comes at half of it, and with each revocation',
      {
        default: '7d',
      },
    ),
    ocspLifetime: duration('The same of an OCSP response, 10m to 30d', { default: '24h' }),
  },
);
