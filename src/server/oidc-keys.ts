import { accessSync, constants } from 'node:fs';
import { fileKeys, type KeySource, urlKeys } from '#authn/oidc/key-source.ts';
import type { OidcTokenConfig } from '#config/sections/authenticators.ts';

export function openKeys(jwks: OidcTokenConfig['jwks']): KeySource {
  if ('file' in jwks) return fileKeys(jwks.file);
  // It is read for each connection; that it is not there is said at once.
  if (jwks.ca !== undefined) accessSync(jwks.ca, constants.R_OK);
  return urlKeys(jwks.url, jwks.ca === undefined ? {} : { ca: jwks.ca });
}
