import { certManager } from './cert-manager.ts';
import {
  count,
  duration,
  list,
  oneOf,
  optional,
  optionalSection,
  path,
  secret,
  section,
  share,
  text,
} from './field.ts';
import { ownKeyTypes } from './own-key-type.ts';

const pkcs11 = (title: string) =>
  section(title, {
    uri: text('The private key as a PKCS#11 URI (RFC 7512), without a PIN in it'),
    module: path("The token's PKCS#11 library"),
    pin: secret('Where the PIN of the user is'),
    sessions: count(
      'Sessions kept open: signatures that may run at the same time; each adds a thread (unless UV_THREADPOOL_SIZE is set)',
      { minimum: 1, maximum: 64 },
      { default: 4 },
    ),
  });

const file = section('A private key in a file', {
  path: path('PKCS#8 PEM; encrypted if a passphrase is given'),
  passphrase: optional(secret('Where its passphrase is; left out for a key that is not encrypted')),
});

export const signingKey = section('Where the private key is: exactly one of pkcs11, file', {
  pkcs11: optional(pkcs11('A key in an HSM')),
  file: optional(file),
});

const memory = section(
  'A key that is born at start and never leaves memory; our root in an HSM signs its certificate',
  {
    root: section('The root that signs the certificate', {
      certificate: path("The root's certificate, PEM"),
      pkcs11: pkcs11("The root's key"),
    }),
    subject: optionalSection("The intermediate's name", {
      commonName: text('CN', { default: 'Countersign intermediate' }),
      organization: optional(text('O')),
    }),
    keyType: oneOf('Type of the key', ownKeyTypes, { default: 'ec:P-256' }),
    lifetime: duration('Lifetime of its certificate', { default: '7d' }),
    renewAt: share(
      'Part of the lifetime after which a new key replaces it',
      { minimum: 0.1, maximum: 0.9 },
      { default: 0.5 },
    ),
  },
);

const issuer = section('One issuer: exactly one of key, certManager', {
  name: text('Name that policies and clients use for it'),
  certificate: optional(
    path('Its certificate and the intermediates above it, PEM, issuer first; only with key.pkcs11 and key.file'),
  ),
  roots: optional(
    path(
      'Every live root, PEM: what clients are told to trust; a change is taken while the server runs. Only with certManager it may be left out: then it is what that issuer names as its CA, which nobody has checked',
    ),
  ),
  key: optional(
    section('Where its private key is: exactly one of pkcs11, file, memory', {
      pkcs11: optional(pkcs11('A key in an HSM')),
      file: optional(file),
      memory: optional(memory),
    }),
  ),
  certManager: optional(certManager),
});

export const issuers = list('Who signs', issuer, { minItems: 1 });
