import { duration, list, oneOf, optional, path, section, text } from './field.ts';

export const tokenAlgorithms = [
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
] as const;

const oidc = section('A bearer token of an OpenID Connect issuer', {
  issuer: text('Exact `iss` of the tokens'),
  audiences: list('A token must be meant for one of these', text('An `aud`'), { minItems: 1 }),
  jwks: section("Where the issuer's public keys are: exactly one of url, file", {
    url: optional(text('https URL of the JWKS')),
    file: optional(path('A JWKS file; read again when it changes')),
  }),
  algorithms: list('Signature algorithms taken', oneOf('A JOSE algorithm', tokenAlgorithms), {
    default: ['ES256', 'RS256', 'EdDSA'],
    minItems: 1,
  }),
  clockTolerance: duration("How far the issuer's clock may be off", { default: '30s' }),
});

export const authenticators = list(
  'Ways to prove who is asking, tried in this order; the first that proves an identity wins',
  section('Exactly one of clientCertificate, oidc', {
    clientCertificate: optional(section('A TLS client certificate of our own trust domain, as in a renewal', {})),
    oidc: optional(oidc),
  }),
  { minItems: 1 },
);
