import { defaultTokenAlgorithms, tokenAlgorithms } from '#authn/oidc/token-algorithm.ts';
import { duration, list, oneOf, optional, path, section, text } from './field.ts';

/** How the tokens of one OpenID Connect issuer are checked, whoever comes with them. */
export const oidcToken = {
  issuer: text('Exact `iss` of the tokens'),
  audiences: list('A token must be meant for one of these', text('An `aud`'), { minItems: 1 }),
  audienceForm: oneOf('any: `aud` may be a text or a list; array: a list only, as istiod has it', ['any', 'array'], {
    default: 'any',
  }),
  jwks: section("Where the issuer's public keys are: exactly one of url, file", {
    url: optional(text('URL of the JWKS: https, or http on the own loopback')),
    ca: optional(path("PEM of the CAs to trust for the URL; left out, the system's")),
    file: optional(path('A JWKS file; read again every few seconds')),
  }),
  algorithms: list('Signature algorithms taken', oneOf('A JOSE algorithm', tokenAlgorithms), {
    default: defaultTokenAlgorithms,
    minItems: 1,
  }),
  clockTolerance: duration("How far the issuer's clock may be off, at most 5m", { default: '30s' }),
};
