import { isIP } from 'node:net';
import { parseSpiffeId } from '#spiffe/spiffe-id.ts';
import { checkOidcToken } from './check-oidc-token.ts';
import { attempt, between, checkAddress, exactlyOne, type Report, type Step } from './judgement.ts';
import type { ServerConfigText } from './schema/server-config.ts';

type Api = NonNullable<ServerConfigText['api']>;
type Who = Api['roles'][number]['who'];

export function checkApi({ api }: ServerConfigText, report: Report): void {
  if (api === undefined) return;
  checkAddress(api.listen, ['api', 'listen'], report);
  checkServing(api.serving, report);
  if (api.oidc !== undefined) checkOidcToken(api.oidc, ['api', 'oidc'], report);
  if (api.oidc === undefined && api.clientCertificates === undefined)
    report(['api'], 'nobody could prove who they are: it needs clientCertificates, oidc or both');
  for (const [at, { who }] of api.roles.entries()) checkWho(who, api, ['api', 'roles', at, 'who'], report);
}

function checkServing({ dnsNames, ipAddresses, lifetime }: Api['serving'], report: Report): void {
  between(lifetime, '1h', '398d', ['api', 'serving', 'lifetime'], report);
  for (const [at, name] of dnsNames.entries())
    if (!/^[a-z0-9-]+(\.[a-z0-9-]+)*$/i.test(name) || isIP(name) !== 0)
      report(['api', 'serving', 'dnsNames', at], `"${name}" is not a DNS name`);
  for (const [at, name] of ipAddresses.entries())
    if (isIP(name) === 0) report(['api', 'serving', 'ipAddresses', at], `"${name}" is not an IP address`);
  if (dnsNames.length + ipAddresses.length === 0)
    report(['api', 'serving'], 'a serving certificate needs at least one DNS name or IP address');
}

function checkWho(who: Who, api: Api, path: readonly Step[], report: Report): void {
  const { spiffeId, subject, certificateSha256, claims } = who;
  exactlyOne({ spiffeId, subject, certificateSha256, claims }, path, report);
  if (claims !== undefined && api.oidc === undefined)
    report([...path, 'claims'], 'claims are those of a token: this goes with "oidc"');
  if (claims === undefined && api.clientCertificates === undefined)
    report(path, 'this is of a client certificate: it goes with "clientCertificates"');
  if (spiffeId !== undefined)
    attempt(
      () => parseSpiffeId(spiffeId),
      (message) => report([...path, 'spiffeId'], message),
    );
  if (certificateSha256 !== undefined && !/^[0-9a-f]{64}$/.test(certificateSha256))
    report([...path, 'certificateSha256'], 'a SHA-256 is 64 hexadecimal digits in lower case, without colons');
}
