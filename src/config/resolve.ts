import { hostname } from 'node:os';
import { resolve as resolvePath } from 'node:path';
import { parseByteSize, parseDuration } from '#document/scalars.ts';
import { parseTrustDomain } from '#spiffe/spiffe-id.ts';
import { tls13Suites } from './check-door-tls.ts';
import { listenAddress } from './listen-address.ts';
import { resolveApi } from './resolve-api.ts';
import { resolveArchive } from './resolve-audit-archive.ts';
import { resolveAuditStore } from './resolve-audit-store.ts';
import { resolveAuthenticator } from './resolve-authenticator.ts';
import { resolveClusterRequests } from './resolve-cluster-requests.ts';
import { resolveDistribution } from './resolve-distribution.ts';
import { resolveSink } from './resolve-exports.ts';
import { type PathFrom, resolveIssuer, resolvePreviousKey, resolveSigningKey } from './resolve-key.ts';
import { resolveRevocation } from './resolve-revocation.ts';
import { resolveWitness } from './resolve-witness.ts';
import { resolveWitnesses } from './resolve-witnesses.ts';
import type { ServerConfigText } from './schema/server-config.ts';
import type { DoorTlsConfig } from './sections/doors.ts';
import type { ServerConfig } from './server-config.ts';

/** Units, paths and choices settled. The content has passed `checkMeaning`. */
export function resolveConfig(content: ServerConfigText, folder: string): ServerConfig {
  const from: PathFrom = (path) => resolvePath(folder, path);
  const { istio, admin, audit, csr, telemetry } = content;
  const [first] = content.issuers;
  return {
    trustDomain: parseTrustDomain(content.trustDomain),
    trustDomainAliases: content.trustDomainAliases.map(parseTrustDomain),
    instance: { name: content.instance.name ?? hostname() },
    istio: {
      listen: listenAddress(istio.listen),
      dialect: istio.dialect,
      serving: {
        dnsNames: istio.serving.dnsNames,
        ipAddresses: istio.serving.ipAddresses,
        keyType: istio.serving.keyType,
        lifetimeSeconds: parseDuration(istio.serving.lifetime),
        renewAt: istio.serving.renewAt,
      },
      ...(istio.maxCertificateLifetime !== undefined && {
        maxCertificateLifetimeSeconds: parseDuration(istio.maxCertificateLifetime),
      }),
      tls: doorTls(istio.tls),
      limits: {
        maxConcurrentCalls: istio.limits.maxConcurrentCalls,
        callTimeoutMs: parseDuration(istio.limits.callTimeout) * 1000,
        maxConnections: istio.limits.maxConnections,
        maxRequestBytes: parseByteSize(istio.limits.maxRequestBytes),
      },
    },
    admin: {
      listen: listenAddress(admin.listen),
      maxConnections: admin.maxConnections,
      ...(admin.probe !== undefined && {
        probe: { listen: listenAddress(admin.probe.listen), path: admin.probe.path },
      }),
    },
    fairness: {
      ...content.fairness,
      inWork: content.fairness.inWork ?? Math.ceil(istio.limits.maxConcurrentCalls / 2),
    },
    authenticators: content.authenticators.map((entry) => resolveAuthenticator(entry, from)),
    issuers: content.issuers.map((issuer) => resolveIssuer(issuer, from)),
    defaultIssuer: content.defaultIssuer ?? first?.name ?? '',
    trustBundle: { overlapMs: parseDuration(content.trustBundle.overlap) * 1000 },
    ...(content.clusterRequests !== undefined && {
      clusterRequests: resolveClusterRequests(content.clusterRequests, from),
    }),
    ...(content.revocation !== undefined && { revocation: resolveRevocation(content.revocation, from) }),
    ...(content.witness !== undefined && { witness: resolveWitness(content.witness, from) }),
    ...(content.api !== undefined && { api: resolveApi(content.api, from) }),
    policies: content.policies.map(from),
    audit: {
      directory: from(audit.directory),
      ...(audit.store !== undefined && { store: resolveAuditStore(audit.store, from) }),
      origin: audit.origin,
      key: resolveSigningKey(audit.key, from),
      previousKeys: audit.previousKeys.map((previous) => resolvePreviousKey(previous, from)),
      publish: from(audit.publish),
      ...(audit.checkpointGuard === undefined ? {} : { checkpointGuard: from(audit.checkpointGuard) }),
      ...(audit.witnesses !== undefined && { witnesses: resolveWitnesses(audit.witnesses, from) }),
      includeCertificate: audit.includeCertificate,
      redactable: audit.redactable,
      copyTo: audit.copyTo,
      lifetime: audit.lifetime,
      ...(audit.archive !== undefined && { archive: resolveArchive(audit.archive, from) }),
      ...(audit.retention?.bodies !== undefined && {
        retention: { bodiesMs: parseDuration(audit.retention.bodies) * 1000 },
      }),
      maxSkewMs: parseDuration(audit.maxSkew) * 1000,
    },
    exports: content.exports.map((sink) => resolveSink(sink, from)),
    ...(content.detection !== undefined && { detection: { rules: content.detection.rules.map(from) } }),
    ...(content.distribution !== undefined && { distribution: resolveDistribution(content.distribution, from) }),
    csr: { blocklists: csr.blocklists.map(from), newRequestLabel: csr.newRequestLabel },
    fips: { level: content.fips.level === 'policy' ? 'policy' : 'off' },
    telemetry: {
      logs: telemetry.logs,
      ...(telemetry.tracing === undefined
        ? {}
        : { tracing: { endpoint: telemetry.tracing.otlp.endpoint, sampleRatio: telemetry.tracing.sampleRatio } }),
    },
    shutdown: { graceMs: parseDuration(content.shutdown.grace) * 1000 },
  };
}

function doorTls({ minVersion, cipherSuites, groups }: ServerConfigText['istio']['tls']): DoorTlsConfig {
  return {
    minVersion,
    ...(cipherSuites !== undefined && { ciphers: [...tls13Suites, ...cipherSuites] }),
    ...(groups !== undefined && { groups }),
  };
}
