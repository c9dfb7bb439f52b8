import { readFileSync } from 'node:fs';
import { fileKeys, type KeySource, urlKeys } from '#authn/oidc/key-source.ts';
import type { OidcTokenConfig } from '#config/sections/authenticators.ts';

export function openKeys(jwks: OidcTokenConfig['jwks']): KeySource {
  if ('file' in jwks) return fileKeys(jwks.file);
  return urlKeys(jwks.url, jwks.ca === undefined ? {} : { ca: readFileSync(jwks.ca, 'utf8') });
}
