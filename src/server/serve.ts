import { AggregatingLog } from '#audit/aggregating-log.ts';
import { bundleOf, RootOverlap } from '#authority/root-overlap.ts';
import type { LoadedConfig } from '#config/load.ts';
import { AdminServer } from '#doors/admin/admin-server.ts';
import { FairGate } from '#issuance/fairness/gate.ts';
import { Recorder } from '#issuance/record.ts';
import { IssuanceSequence } from '#issuance/sequence.ts';
import { watchFairness } from '#telemetry/fairness.ts';
import { IssuanceLog } from '#telemetry/issuance-log.ts';
import { observeWith } from '#telemetry/observers.ts';
import type { CsrChecks } from '#x509/csr/verified-csr.ts';
import { openApi } from './api/configured.ts';
import { openAuthenticators } from './authenticators.ts';
import { ClusterRequests } from './cluster-requests/cluster-requests.ts';
import { distribute } from './distribution.ts';
import { demandApprovedKeys, demandApprovedPolicies } from './fips.ts';
import { NamedClusters } from './followed-cluster.ts';
import { layFoundation } from './foundation.ts';
import { HsmEvents } from './hsm-events.ts';
import { Issuing } from './issuing.ts';
import { openIstioDoor } from './istio-door.ts';
import { openKeyStrength } from './key-strength.ts';
import { openLogHouse } from './log-house.ts';
import { lastLoaded } from './newest-records.ts';
import { OwnCertificates } from './own-certificates.ts';
import { FollowedPolicies } from './policies.ts';
import { openProbe } from './probe.ts';
import { recordStart } from './record-start.ts';
import { FollowedRegister } from './revocation/followed-register.ts';
import { openRevocation } from './revocation/revocation.ts';
import { RootDoubts } from './root-doubts.ts';
import { FollowedRoots } from './roots.ts';
import { RootsKnownFile } from './roots-known.ts';
import { firstServing, keepServing } from './serving-certificate.ts';
import { openTraces } from './traces.ts';
import { Watch } from './watch.ts';
import { writtenBy } from './written-by.ts';

export interface RunningServer {
  readonly istio: { readonly host: string; readonly port: number };
  readonly admin: { readonly host: string; readonly port: number };
  /** Where the status of certificates is told; absent where nothing can be revoked. */
  readonly revocation?: { readonly host: string; readonly port: number };
  /** Where logs of others are cosigned; absent where none is. */
  readonly witness?: { readonly host: string; readonly port: number };
  /** The admin API; absent where it is not configured. */
  readonly api?: { readonly host: string; readonly port: number };
  /** Resolves when the server has to end by itself: its log can no longer be written. */
  readonly failed: Promise<unknown>;
  /** Looks at the files of policies, roots, issuers and revocations, and for what the log may drop, now. */
  reload(): Promise<void>;
  /** Not ready, no new connections, calls in flight finish, the log is published and let go. */
  close(): Promise<void>;
}

/**
 * The composition root: the only place that names concrete adapters. Rejects before the Istio door is open, with nothing
 * held; for the reason of `signal` where that comes first, since an outside issuer may be waited for without end.
 */
export async function startServer(loaded: LoadedConfig, signal = new AbortController().signal): Promise<RunningServer> {
  await using opening = new AsyncDisposableStack();
  const foundation = layFoundation(loaded.config);
  const { config, clock, events, logger, sparing, health, metrics } = foundation;
  opening.defer(() => sparing.close());
  const failure = Promise.withResolvers<unknown>();

  const demand = config.fips.level === 'policy' ? demandApprovedPolicies : undefined;
  const policies = new FollowedPolicies(config.policies, clock, demand);
  const { keyStrength, loaded: blocklists } = openKeyStrength(foundation);
  const clusters = new NamedClusters((kind, reason) =>
    logger.warn('a cluster cannot be followed for now', { component: kind, reason }),
  );
  opening.defer(() => clusters.close());
  const callers = openAuthenticators(foundation, clusters);
  opening.defer(() => callers.close());
  const clusterRequests = new ClusterRequests(foundation, clusters);
  const impersonation = clusterRequests.actingBesides(callers.impersonation);
  const hsm = new HsmEvents(foundation);
  const house = opening.use(await openLogHouse(foundation, hsm, failure.resolve));
  const { store, keys: logKeys, witnesses, reach } = house;
  const remoteClusters = callers.followRemote(store);
  opening.defer(() => remoteClusters.close());
  hsm.recordIn(store);
  const rootsKnown = new RootsKnownFile(config.audit.directory);
  const rootsBefore = await rootsKnown.read();
  const overlap = new RootOverlap(config.trustBundle.overlapMs, () => clock.now(), rootsBefore);
  const issuing = await Issuing.open(foundation, store, hsm.listener, overlap, logKeys);
  opening.defer(() => issuing.close());
  if (config.fips.level === 'policy') demandApprovedKeys([...issuing.kinds(), ...logKeys.kinds()]);
  const lastTold = lastLoaded(config.audit.directory, store, writtenBy(foundation));
  await recordStart(foundation, store, lastTold, {
    loaded,
    policies: policies.set,
    blocklists,
    issuers: issuing.events(),
  });
  let upstreamChanged = () => {};
  issuing.renew(store, hsm.listener, () => upstreamChanged());
  const traces = await openTraces(foundation);
  opening.defer(() => traces?.stop());
  const log = new AggregatingLog(store, clock, foundation.ids);
  opening.defer(() =>
    log.close().catch((error: unknown) => logger.error('counts of refusals could not be recorded', { error })),
  );

  for (const spki of logKeys.spkis) issuing.ownKeys.add(spki);
  const revoked = await FollowedRegister.open(config.audit.directory, store, logger);
  opening.defer(() => revoked.stop());
  const csrChecks: CsrChecks = {
    keyStrength,
    ownKeys: issuing.ownKeys,
    compromisedKeys: revoked.register.compromisedKeys,
    allowNewRequestLabel: config.csr.newRequestLabel === 'accept',
  };
  const gate = new FairGate(config.fairness, clock);
  watchFairness(metrics.registry, gate, config.fairness.inWork);
  const doubts = new RootDoubts(issuing.live, () => clock.now());
  const sequence = new IssuanceSequence({
    authenticator: clusterRequests.besides(callers.authenticator),
    ...(impersonation && { impersonation }),
    gate,
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
    observer: observeWith(
      [metrics.observer, new IssuanceLog(logger, sparing), doubts, ...(traces ? [traces.observer] : [])],
      (error) => logger.error('telemetry failed', { error }),
    ),
    clock,
    allowedSkewMs: config.audit.maxSkewMs,
    ...(witnesses && { pause: () => witnesses.pause() }),
  });

  // Before the door, and so closed after it: who asks during the drain is told that we are not ready, and the numbers.
  const admin = await AdminServer.listen({
    ...config.admin.listen,
    maxConnections: config.admin.maxConnections,
    metrics,
    health,
    published: config.audit.publish,
    covered: (size, signal) => store.covered(size, signal),
    version: { version: foundation.instance.version, node: process.versions.node, openssl: process.versions.openssl },
    failed: (error) => logger.warn('the admin door could not answer', { error }),
  });
  opening.defer(() => admin.close());
  const probe = await openProbe(foundation);
  opening.defer(() => probe?.close());

  // Before the Istio door too: a key that was lost while we were away is not certified again.
  const revocation =
    config.revocation &&
    (await openRevocation(foundation, config.revocation, { revoked, log: store, issuers: issuing.live }));
  opening.defer(async () => revocation?.stop());

  const demandApart = (spki: Uint8Array) => logKeys.demandApart('the witness', spki);
  const witness =
    config.witness &&
    (await (await import('./witness.ts')).openWitness(config.witness, { clock, logger, demandApart }));
  opening.defer(async () => witness?.close());

  const door = openIstioDoor(foundation, sequence, issuing.live, store);
  opening.defer(() => door.drain(config.shutdown.graceMs));
  const roots = await FollowedRoots.follow(foundation, issuing.live, store, {
    known: () => overlap.known,
    file: rootsKnown,
    before: bundleOf(rootsBefore),
  });
  opening.defer(() => roots.stop());
  const own = new OwnCertificates(foundation, issuing, store, { keyStrength, roots });
  const parts = new Map([...issuing.parts(), ...callers.parts]);
  let broken: string | undefined;
  const broke = new AbortController();
  failure.promise.then((cause) => {
    broke.abort(cause);
    broken = `the log cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`;
    health.wedge(broken);
  });
  parts.set('log', () => broken ?? reach.problem);
  // Ready before it can serve while only the issuer's name is missing: an install that waits for us may bring it later.
  const unless = (works: boolean, reason: string) => (works || issuing.awaitsName ? undefined : reason);
  parts.set('tls_provider', () => unless(door.hasCertificate, 'no serving certificate is loaded'));
  parts.set('grpc_server', () => unless(door.ready, 'the port is not open'));
  const watch = new Watch({ health, clock, log: store, events, logger, maxSkewMs: config.audit.maxSkewMs, parts });
  opening.defer(() => watch.stop());

  const serving = keepServing(foundation, own, door);
  opening.defer(() => serving.stop());
  await firstServing(serving, foundation, issuing, {
    signal: AbortSignal.any([signal, broke.signal]),
    onNews: (wake) => {
      upstreamChanged = wake;
    },
  });
  upstreamChanged = () => void serving.renew();
  doubts.follow(upstreamChanged);
  const issuers = issuing.follow(store, hsm.listener, upstreamChanged);
  opening.defer(() => issuers.stop());
  const distribution = distribute(foundation, issuing, own, revocation);
  opening.defer(() => distribution.stop());
  const istio = await door.start(config.istio.listen);
  watch.look();
  const bookmark = (index: number) => lastTold.remember({ 'policy.loaded': index });
  policies.follow({ log: store, events, logger, recorded: bookmark });
  const cannotSign = (name: string) => issuing.cannotSign(name);
  opening.defer(await clusterRequests.answer({ issuance: sequence, log: store, issuers: issuing.live, cannotSign }));
  opening.defer(() => policies.stop());
  const look = async () =>
    void (await Promise.all([
      policies.reload(),
      roots.look().then(() => issuers.look()),
      revocation?.look(),
      house.look(),
    ]));
  const api = await openApi(foundation, {
    issuing,
    store,
    logKeys,
    log,
    own,
    look,
    traces,
    policies: () => policies.set,
  });
  opening.defer(async () => api?.stop());
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
    ...(revocation && { revocation: revocation.listening }),
    ...(witness && { witness: witness.listening }),
    ...(api && { api: api.listening }),
    failed: failure.promise,
    reload: look,
    async close() {
      health.drain();
      logger.info('draining');
      await running.disposeAsync();
    },
  };
}
