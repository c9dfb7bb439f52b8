import { isIP } from 'node:net';
import { relative, resolve } from 'node:path';
import { isKeyName } from '#audit/vkey.ts';
import type { Document } from '#document/document.ts';
import type { Problem } from '#document/problem.ts';
import { parseTrustDomain } from '#spiffe/spiffe-id.ts';
import { checkApi } from './check-api.ts';
import { checkAuditArchive } from './check-audit-archive.ts';
import { checkAuditStore } from './check-audit-store.ts';
import { checkAuthenticators } from './check-authenticators.ts';
import { checkClusterRequests } from './check-cluster-requests.ts';
import { checkDistribution } from './check-distribution.ts';
import { checkDoorTls } from './check-door-tls.ts';
import { checkExports } from './check-exports.ts';
import { checkIssuers, checkKey, checkPreviousKey } from './check-keys.ts';
import { checkRevocation } from './check-revocation.ts';
import { checkWitness } from './check-witness.ts';
import { checkWitnesses } from './check-witnesses.ts';
import { attempt, between, checkAddress, checkUrl, exactlyOne, type Report, type Step } from './judgement.ts';
import type { ServerConfigText } from './schema/server-config.ts';

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
  checkDoorTls(config, report);
  checkAdmin(config, report);
  checkApi(config, report);
  checkFairness(config, report);
  checkAuthenticators(config, report);
  checkIssuers(config, report);
  between(config.trustBundle.overlap, '0s', '90d', ['trustBundle', 'overlap'], report);
  checkAudit(config, folder, report);
  checkAuditStore(config, report);
  checkExports(config, report);
  checkWitnesses(config, report);
  checkAuditArchive(config, report);
  checkDistribution(config, report);
  checkClusterRequests(config, report);
  checkRevocation(config, report);
  if (config.witness !== undefined) checkWitness(config.witness, ['witness'], report);
  checkFips(config, report);
  checkTelemetry(config, report);
  between(config.shutdown.grace, '0s', '10m', ['shutdown', 'grace'], report);
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
  between(istio.limits.callTimeout, '1s', '10s', ['istio', 'limits', 'callTimeout'], report);
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
  between(serving.lifetime, '1m', '398d', ['istio', 'serving', 'lifetime'], report);
  if (istio.maxCertificateLifetime !== undefined)
    between(istio.maxCertificateLifetime, '5m', '398d', ['istio', 'maxCertificateLifetime'], report);
}

function checkAdmin({ admin: { listen, probe } }: ServerConfigText, report: Report): void {
  checkAddress(listen, ['admin', 'listen'], report);
  if (probe === undefined) return;
  checkAddress(probe.listen, ['admin', 'probe', 'listen'], report);
  if (!/^\/[\w./~-]*$/.test(probe.path))
    report(['admin', 'probe', 'path'], 'a path begins with "/" and holds letters, digits, "/", "-", ".", "_" and "~"');
}

function checkFairness({ fairness: { inWork }, istio }: ServerConfigText, report: Report): void {
  const places = istio.limits.maxConcurrentCalls;
  if (inWork === undefined || inWork < places) return;
  report(
    ['fairness', 'inWork'],
    `${inWork} is not below istio.limits.maxConcurrentCalls (${places}): the door would be full before anybody's share counted`,
  );
}

const isDnsName = (name: string) =>
  name.length <= 253 && /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(name);

function checkAudit({ audit }: ServerConfigText, folder: string, report: Report): void {
  if (!isKeyName(audit.origin)) {
    report(
      ['audit', 'origin'],
      `a log's name holds no space, no line break and no "+", such as audit.example.org/mesh`,
    );
  }
  exactlyOne({ pkcs11: audit.key.pkcs11, file: audit.key.file }, ['audit', 'key'], report);
  checkKey(audit.key, ['audit', 'key'], report);
  for (const [at, previous] of audit.previousKeys.entries())
    checkPreviousKey(previous, ['audit', 'previousKeys', at], report);
  between(audit.maxSkew, '0s', '1h', ['audit', 'maxSkew'], report);
  if (audit.retention?.bodies !== undefined)
    between(audit.retention.bodies, '1h', '36500d', ['audit', 'retention', 'bodies'], report);
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
