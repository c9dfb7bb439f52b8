import { isIP } from 'node:net';
import { relative, resolve } from 'node:path';
import { isKeyName } from '#audit/vkey.ts';
import { templateMapping } from '#authn/oidc/identity-mapping.ts';
import type { Document } from '#document/document.ts';
import { nearest } from '#document/nearest.ts';
import type { Problem } from '#document/problem.ts';
import { parseDuration } from '#document/scalars.ts';
import { parsePkcs11Uri } from '#keys/pkcs11/uri.ts';
import { parseTrustDomain } from '#spiffe/spiffe-id.ts';
import type { ServerConfigText } from './schema/server-config.ts';

type Step = string | number;
type Report = (path: readonly Step[], message: string, suggestion?: string) => void;

/** What only meaning shows: every problem in a configuration whose shape is right, with its line. Relative paths count from `folder`. */
export function checkMeaning(
  document: Pick<Document<unknown>, 'problem'>,
  config: ServerConfigText,
  folder: string,
): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (path, message, suggestion) => {
    problems.push(document.problem(path, message, { suggestion }));
  };
  checkTrustDomains(config, report);
  checkIstio(config, report);
  checkAddress(config.admin.listen, ['admin', 'listen'], report);
  checkAuthenticators(config, report);
  checkIssuers(config, report);
  checkAudit(config, folder, report);
  checkFips(config, report);
  checkTelemetry(config, report);
  return problems;
}

function checkTrustDomains(config: ServerConfigText, report: Report): void {
  const named: [readonly Step[], string][] = [
    [['trustDomain'], config.trustDomain],
    ...config.trustDomainAliases.map((alias, at): [readonly Step[], string] => [['trustDomainAliases', at], alias]),
  ];
  for (const [path, name] of named) {
    attempt(
      () => parseTrustDomain(name),
      (message) => report(path, message.replace('SPIFFE ID', 'trust domain')),
    );
  }
  const again = config.trustDomainAliases.indexOf(config.trustDomain);
  if (again >= 0) report(['trustDomainAliases', again], 'this is the trust domain itself; list only its older names');
}

function checkIstio({ istio }: ServerConfigText, report: Report): void {
  checkAddress(istio.listen, ['istio', 'listen'], report);
  const timeout = parseDuration(istio.limits.callTimeout);
  if (timeout < 1 || timeout > 10) {
    report(['istio', 'limits', 'callTimeout'], `${istio.limits.callTimeout} is not between 1s and 10s`);
  }
  const { serving } = istio;
  for (const [at, name] of serving.dnsNames.entries()) {
    if (isIP(name) !== 0)
      report(['istio', 'serving', 'dnsNames', at], `${name} is an IP address: list it under ipAddresses`);
    else if (!isDnsName(name)) report(['istio', 'serving', 'dnsNames', at], `"${name}" is not a DNS name`);
  }
  for (const [at, name] of serving.ipAddresses.entries()) {
    if (isIP(name) === 0) report(['istio', 'serving', 'ipAddresses', at], `"${name}" is not an IP address`);
  }
  if (serving.dnsNames.length + serving.ipAddresses.length === 0) {
    report(['istio', 'serving'], 'a serving certificate needs at least one DNS name or IP address');
  }
  if (parseDuration(serving.lifetime) < 60) {
    report(['istio', 'serving', 'lifetime'], `${serving.lifetime} is shorter than 1m`);
  }
}

const isDnsName = (name: string) =>
  name.length <= 253 && /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(name);

function checkAddress(address: string, path: readonly Step[], report: Report): void {
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  if (port > 65_535) report(path, `${port} is not a port: the highest is 65535`);
}

function checkAuthenticators(config: ServerConfigText, report: Report): void {
  for (const [at, { clientCertificate, oidc }] of config.authenticators.entries()) {
    exactlyOne({ clientCertificate, oidc }, ['authenticators', at], report);
    if (oidc === undefined) continue;
    const path = ['authenticators', at, 'oidc'];
    checkJwks(oidc.jwks, [...path, 'jwks'], report);
    const template = oidc.identity;
    if (template === undefined) continue;
    attempt(
      () => templateMapping(template, parseTrustDomain(config.trustDomain)),
      (message) => report([...path, 'identity'], message),
    );
  }
}

function checkJwks({ url, ca, file }: Jwks, path: readonly Step[], report: Report): void {
  exactlyOne({ url, file }, path, report);
  if (ca !== undefined && url === undefined) report([...path, 'ca'], 'a file needs no CA: this goes with "url"');
  if (url === undefined) return;
  const onLoopback = ['127.0.0.1', 'localhost', '[::1]'].includes(URL.parse(url)?.hostname ?? '');
  checkUrl(url, onLoopback ? ['https:', 'http:'] : ['https:'], [...path, 'url'], report);
}

function checkIssuers({ issuers, defaultIssuer }: ServerConfigText, report: Report): void {
  const names = issuers.map(({ name }) => name);
  for (const [at, issuer] of issuers.entries()) {
    const path = ['issuers', at];
    if (names.indexOf(issuer.name) < at) report([...path, 'name'], `a second issuer named "${issuer.name}"`);
    const { pkcs11, file, memory } = issuer.key;
    exactlyOne({ pkcs11, file, memory }, [...path, 'key'], report);
    checkKey(issuer.key, [...path, 'key'], report);
    const inMemory = memory !== undefined;
    if (inMemory && issuer.certificate !== undefined) {
      report([...path, 'certificate'], 'a key in memory gets its certificate at start: leave this out');
    }
    if (!inMemory && issuer.certificate === undefined) report(path, '"certificate" is missing');
  }
  if (defaultIssuer !== undefined && !names.includes(defaultIssuer)) {
    report(
      ['defaultIssuer'],
      `there is no issuer "${defaultIssuer}"; known: ${names.join(', ')}`,
      nearest(defaultIssuer, names),
    );
  }
}

type Jwks = NonNullable<ServerConfigText['authenticators'][number]['oidc']>['jwks'];
type Issuer = ServerConfigText['issuers'][number];

function checkKey(key: Issuer['key'], path: readonly Step[], report: Report): void {
  if (key.pkcs11 !== undefined) checkPkcs11(key.pkcs11, [...path, 'pkcs11'], report);
  if (key.file?.passphrase !== undefined) {
    checkSecret(key.file.passphrase, [...path, 'file', 'passphrase'], report);
  }
  if (key.memory !== undefined) checkPkcs11(key.memory.root.pkcs11, [...path, 'memory', 'root', 'pkcs11'], report);
}

function checkPkcs11(key: NonNullable<Issuer['key']['pkcs11']>, path: readonly Step[], report: Report): void {
  attempt(
    () => {
      const uri = parsePkcs11Uri(key.uri);
      if (uri.pinSource !== undefined) report([...path, 'uri'], 'say under "pin" where the PIN is, not in the URI');
      if (uri.modulePath !== undefined || uri.moduleName !== undefined) {
        report([...path, 'uri'], 'say under "module" which library to load, not in the URI');
      }
    },
    (message) => report([...path, 'uri'], message),
  );
  checkSecret(key.pin, [...path, 'pin'], report);
}

function checkSecret({ file, env }: { file?: string; env?: string }, path: readonly Step[], report: Report): void {
  exactlyOne({ file, env }, path, report);
}

function checkAudit({ audit }: ServerConfigText, folder: string, report: Report): void {
  if (!isKeyName(audit.origin)) {
    report(
      ['audit', 'origin'],
      `a log's name holds no space, no line break and no "+", such as audit.example.org/mesh`,
    );
  }
  exactlyOne({ pkcs11: audit.key.pkcs11, file: audit.key.file }, ['audit', 'key'], report);
  checkKey(audit.key, ['audit', 'key'], report);
  const fromPublished = relative(resolve(folder, audit.publish), resolve(folder, audit.directory));
  if (fromPublished === '' || !/^(\.\.(\/|$)|\/)/.test(fromPublished)) {
    report(['audit', 'publish'], 'the store lies in this folder: what is published needs a folder of its own');
  }
}

function checkFips({ fips }: ServerConfigText, report: Report): void {
  if (fips.level === 'provider' || fips.level === 'hsm') {
    report(['fips', 'level'], `"${fips.level}" is not supported yet; use off or policy`);
  }
}

function checkTelemetry({ telemetry }: ServerConfigText, report: Report): void {
  const endpoint = telemetry.tracing?.otlp.endpoint;
  if (endpoint !== undefined)
    checkUrl(endpoint, ['http:', 'https:'], ['telemetry', 'tracing', 'otlp', 'endpoint'], report);
}

function checkUrl(text: string, schemes: readonly string[], path: readonly Step[], report: Report): void {
  const url = URL.parse(text);
  const wanted = schemes.map((scheme) => `${scheme}//`).join(' or ');
  if (url === null || !schemes.includes(url.protocol)) report(path, `not a URL that begins with ${wanted}`);
  else if (url.username !== '' || url.password !== '') report(path, 'a URL here holds no user name and no password');
}

/** Runs a parser of another room for its judgement alone. */
function attempt(parse: () => unknown, refuse: (message: string) => void): void {
  try {
    parse();
  } catch (thrown) {
    refuse(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

/** A choice is written as a mapping with one key. */
function exactlyOne(choice: Readonly<Record<string, unknown>>, path: readonly Step[], report: Report): void {
  const given = Object.keys(choice).filter((kind) => choice[kind] !== undefined);
  if (given.length === 1) return;
  const found = given.length === 0 ? 'none is given' : `${given.join(' and ')} are given`;
  report(path, `exactly one of ${Object.keys(choice).join(', ')} belongs here; ${found}`);
}
