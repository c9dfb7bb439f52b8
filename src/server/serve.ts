import { hash } from 'node:crypto';
import { join } from 'node:path';
import { AggregatingLog } from '#audit/aggregating-log.ts';
import { Renewal } from '#authority/renewal.ts';
import { issueServingCertificate, type ServingPair } from '#authority/serving-certificate.ts';
import type { LoadedConfig } from '#config/load.ts';
import { AdminServer } from '#doors/admin/admin-server.ts';
import { IstioDoor } from '#doors/istio/door.ts';
import type { AuditLog } from '#issuance/ports.ts';
import { Recorder } from '#issuance/record.ts';
import { IssuanceSequence } from '#issuance/sequence.ts';
import { writeDurably } from '#keys/durable-file.ts';
import { openLog } from '#store/sqlite/open-log.ts';
import type { SqliteLog } from '#store/sqlite/sqlite-log.ts';
import { IssuanceLog } from '#telemetry/issuance-log.ts';
import { observeWith } from '#telemetry/observers.ts';
import { startTracing } from '#telemetry/traces/start.ts';
import type { CsrChecks } from '#x509/csr/verified-csr.ts';
import { openAuthenticators } from './authenticators.ts';
import { demandApproved, fipsTls } from './fips.ts';
import { type Foundation, layFoundation } from './foundation.ts';
import { Issuing, openKeyStrength } from './issuing.ts';
import { checkpointSigner, type HsmListener, type OpenKey, openKey } from './open-key.ts';
import { FollowedPolicies } from './policies.ts';
import { recordOpening, recordStart } from './record-start.ts';
import { makeServingKey } from './serving-key.ts';
import { Watch } from './watch.ts';

export interface RunningServer {
  readonly istio: { readonly host: string; readonly port: number };
  readonly admin: { readonly host: string; readonly port: number };
  /** Resolves when the server has to end by itself: its log can no longer be written. */
  readonly failed: Promise<unknown>;
  /** Looks at the policy files now. */
  reload(): Promise<void>;
  /** Not ready, no new connections, calls in flight finish, the log is published and let go. */
  close(): Promise<void>;
}

/** The composition root: the only place that names concrete adapters. Rejects before a port is open, with nothing held. */
export async function startServer(loaded: LoadedConfig): Promise<RunningServer> {
  await using opening = new AsyncDisposableStack();
  const foundation = layFoundation(loaded.config);
  const { config, clock, events, logger, health, metrics } = foundation;
  const failure = Promise.withResolvers<unknown>();

  const policies = new FollowedPolicies(config.policies, clock);
  const keyStrength = openKeyStrength(config);
  const authenticator = openAuthenticators(config.authenticators, config.trustDomain, clock);
  const hsm = hsmEvents(foundation);
  const auditKey = await openKey(config.audit.key, hsm.listener);
  opening.defer(() => auditKey.signer.close());
  const store = await openStore(foundation, auditKey, (cause) => failure.resolve(cause));
  opening.defer(() => store.close());
  hsm.log = store;
  const { vkey } = checkpointSigner(auditKey, config.audit.origin);
  // Beside the log, for whoever verifies it here; an auditor takes it from a place of their own trust.
  await writeDurably(join(config.audit.directory, 'log.vkey'), `${vkey}\n`);
  await recordOpening(foundation, store, auditKey, vkey);
  const issuing = await Issuing.open(foundation, store, hsm.listener);
  opening.defer(() => issuing.close());
  if (config.fips.level === 'policy')
    demandApproved(policies.set, [...issuing.kinds(), { what: 'the log key', kind: auditKey.kind }]);
  await recordStart(foundation, store, { loaded, policies: policies.set, issuers: issuing.events() });
  issuing.renew(store, hsm.listener);
  opening.defer(async () => void (await store.append(events.of('service.stopped')).catch(() => undefined)));
  const traces = await openTraces(foundation);
  opening.defer(() => traces?.stop());
  const log = new AggregatingLog(store, clock, foundation.ids);
  opening.defer(() =>
    log.close().catch((error: unknown) => logger.error('counts of refusals could not be recorded', { error })),
  );

  issuing.ownKeys.add(hash('sha256', auditKey.signer.spki, 'hex'));
  const csrChecks: CsrChecks = {
    keyStrength,
    ownKeys: issuing.ownKeys,
    allowNewRequestLabel: config.csr.newRequestLabel === 'accept',
  };
  const sequence = new IssuanceSequence({
    authenticator,
    csrChecks,
    policies: () => policies.set,
    trustDomains: { primary: config.trustDomain, aliases: config.trustDomainAliases },
    issuers: issuing.live,
    serials: foundation.serials,
    log,
    recorder: new Recorder({
      instance: events.instance,
      id: foundation.ids,
      policySetId: () => policies.set.id,
      includeCertificate: config.audit.includeCertificate,
    }),
    observer: observeWith([metrics.observer, new IssuanceLog(logger), ...(traces ? [traces.observer] : [])], (error) =>
      logger.error('telemetry failed', { error }),
    ),
    clock,
    allowedSkewMs: config.audit.maxSkewMs,
  });

  const door = openDoor(foundation, sequence, issuing);
  opening.defer(() => door.drain(config.shutdown.graceMs));
  const serving = keepServing(foundation, issuing, store, door);
  opening.defer(() => serving.stop());
  await serving.start();

  const parts = new Map(issuing.parts());
  let broken: string | undefined;
  failure.promise.then((cause) => {
    broken = `the log cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`;
    health.wedge(broken);
  });
  parts.set('log', () => broken);
  parts.set('istio-door', () => (door.ready ? undefined : 'the port is not open or no serving certificate is loaded'));
  const admin = await AdminServer.listen({
    ...config.admin.listen,
    maxConnections: config.admin.maxConnections,
    metrics,
    health,
    published: config.audit.publish,
    version: { version: foundation.instance.version, node: process.versions.node, openssl: process.versions.openssl },
    failed: (error) => logger.warn('the admin door could not answer', { error }),
  });
  opening.defer(() => admin.close());
  const istio = await door.start(config.istio.listen);
  const watch = new Watch({ health, clock, log: store, events, logger, maxSkewMs: config.audit.maxSkewMs, parts });
  opening.defer(() => watch.stop());
  policies.follow(store, events, logger);
  opening.defer(() => policies.stop());
  logger.info('serving', {
    address: `${istio.host}:${istio.port}`,
    policySet: policies.set.id,
    origin: store.origin,
    size: store.size,
  });

  const running = opening.move();
  return {
    istio,
    admin: { host: admin.address.address, port: admin.address.port },
    failed: failure.promise,
    reload: () => policies.reload(store, events, logger),
    async close() {
      health.drain();
      logger.info('draining');
      await running.disposeAsync();
    },
  };
}

/** Nothing of OpenTelemetry is loaded unless it is configured. */
async function openTraces({ config, instance, logger }: Foundation) {
  if (config.telemetry.tracing === undefined) return undefined;
  return startTracing({
    ...config.telemetry.tracing,
    version: instance.version,
    instance: instance.name,
    problem: (reason) => logger.warn('traces', { reason }),
  });
}

async function openStore(
  foundation: Foundation,
  auditKey: OpenKey,
  failed: (cause: unknown) => void,
): Promise<SqliteLog> {
  const { config, clock, logger, metrics } = foundation;
  const store = await openLog({
    directory: config.audit.directory,
    publicDirectory: config.audit.publish,
    guard: config.audit.checkpointGuard ?? join(config.audit.directory, 'checkpoint.guard'),
    signer: checkpointSigner(auditKey, config.audit.origin),
    clock,
    onFailed: (error) => {
      logger.error('the log cannot be written; nothing more is issued', { error });
      failed(error);
    },
    onPublishFailed: (error) => logger.warn('the log could not be published; it is tried again', { error }),
  });
  metrics.gauges.watchQueue('log', () => store.metrics.outstanding);
  metrics.gauges.watchLog(() => ({
    size: store.size,
    checkpointSize: store.publishedSize,
    checkpointTime: store.publishedAt,
  }));
  return store;
}

function openDoor({ config, metrics, logger }: Foundation, issuance: IssuanceSequence, issuing: Issuing): IstioDoor {
  const { limits, dialect } = config.istio;
  const calls = metrics.grpc;
  let inFlight = 0;
  metrics.gauges.watchInFlight('istio', () => inFlight);
  const door = new IstioDoor({
    issuance,
    dialect,
    trustDomain: config.trustDomain,
    ...(config.fips.level === 'policy' && { tls: fipsTls }),
    limits: {
      maxConcurrentCalls: limits.maxConcurrentCalls,
      deadlineMs: limits.callTimeoutMs,
      maxConnections: limits.maxConnections,
      maxMessageBytes: limits.maxRequestBytes,
    },
    observer: {
      callStarted(path) {
        inFlight++;
        calls.callStarted(path);
      },
      callEnded(path, code, ms) {
        inFlight--;
        calls.callEnded(path, code, ms);
      },
      connectionOpened() {},
      connectionClosed() {},
      connectionRefused(why, reason) {
        metrics.gauges.rejected('istio', why);
        logger.debug('connection refused', { door: 'istio', code: why, reason });
      },
    },
  });
  door.setClientRoots(
    issuing.live
      .all()
      .map(({ roots }) => roots)
      .join(''),
  );
  return door;
}

/** Our own certificate: on the record like any other, renewed without dropping a connection. */
function keepServing(foundation: Foundation, issuing: Issuing, log: AuditLog, door: IstioDoor): Renewal<ServingPair> {
  const { config, clock, logger, metrics } = foundation;
  const { serving } = config.istio;
  return new Renewal<ServingPair>({
    make: () =>
      issueServingCertificate({
        issuer: () => issuing.live.get(undefined),
        makeKey: () => makeServingKey(serving.keyType),
        serials: foundation.serials,
        log,
        clock,
        eventId: foundation.ids,
        instance: foundation.events.instance,
        names: serving,
        lifetime: serving.lifetimeSeconds,
      }),
    apply: (pair) => {
      door.setServingCertificate(pair);
      issuing.ownKeys.add(pair.spkiSha256);
      metrics.expiries.set('serving', { istio: pair.notAfter });
      metrics.expiries.set('intermediate', issuing.expiries());
      metrics.expiries.set('root', issuing.rootExpiries());
      logger.info('serving certificate', { expires: new Date(pair.notAfter * 1000).toISOString() });
    },
    failed: (error, ms) =>
      logger.error('the serving certificate could not be renewed; the old one stays in use', { ms, error }),
    renewAt: serving.renewAt,
    now: () => clock.now(),
  });
}

/** Loss and return of a token, logged at once and recorded as soon as there is a log. */
function hsmEvents({ events, logger }: Foundation): { listener: HsmListener; log: AuditLog | undefined } {
  const state: { listener: HsmListener; log: AuditLog | undefined } = {
    log: undefined,
    listener: (event, token) => {
      const message = event.type === 'hsm.lost' ? event.cause.message : 'the token answers again';
      logger.warn(event.type === 'hsm.lost' ? 'the HSM is lost' : 'the HSM is back', { reason: message });
      const outcome = event.type === 'hsm.lost' ? 'failed' : 'success';
      state.log
        ?.append(
          events.of(event.type, {
            outcome,
            message,
            key: { token },
            ...(outcome === 'failed' && { reason: 'signer.unavailable' }),
          }),
        )
        .catch((error: unknown) => logger.error('an event of the HSM could not be recorded', { error }));
    },
  };
  return state;
}
