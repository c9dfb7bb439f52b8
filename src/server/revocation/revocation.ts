import { Counter } from 'prom-client';
import type { LiveIssuers } from '#authority/issuers.ts';
import { CrlKeeper } from '#authority/revocation/crl-keeper.ts';
import { OcspResponder } from '#authority/revocation/ocsp-responder.ts';
import type { RevocationConfig } from '#config/sections/revocation.ts';
import { listenForStatus } from '#doors/revocation/status-server.ts';
import type { AuditLog } from '#issuance/ports.ts';
import type { Foundation } from '../foundation.ts';
import { serialOctet } from '../instance.ts';
import { crlFiles } from './crl-files.ts';
import { FollowedBundle } from './followed-bundle.ts';
import type { FollowedRegister } from './followed-register.ts';
import { FollowedRevocations } from './followed-revocations.ts';
import { FollowedUpperCrls } from './followed-upper-crls.ts';
import type { RevocationLog } from './recorded.ts';

export interface RunningRevocation {
  /** PEM of a CRL for every CA of every chain; undefined while one of them has none in force. */
  bundle(): string | undefined;
  /** Calls `follow` when that may have changed. */
  onBundle(follow: () => void): void;
  readonly listening: { readonly host: string; readonly port: number };
  /** Looks at the documents now. */
  look(): Promise<void>;
  stop(): Promise<void>;
}

export interface RevocationParts {
  readonly revoked: FollowedRegister;
  readonly log: AuditLog & RevocationLog;
  readonly issuers: LiveIssuers;
}

/** Documents, CRLs and the door that answers, together; resolves when it listens and what is to be revoked is. */
export async function openRevocation(
  foundation: Foundation,
  config: RevocationConfig,
  { revoked, log, issuers }: RevocationParts,
): Promise<RunningRevocation> {
  await using opening = new AsyncDisposableStack();
  const { clock, events, logger, metrics, instance } = foundation;
  const { register } = revoked;
  const octet = serialOctet(instance.name);
  const shared = foundation.config.audit.store !== undefined;
  const nextUpdates = new Map<string, number>();
  const published = (name: string, nextUpdate: number) => {
    nextUpdates.set(name, nextUpdate);
    metrics.expiries.set('crl', Object.fromEntries(nextUpdates));
    bundle.changed();
  };
  const keeper = new CrlKeeper({
    ...{ register, log, clock, octet, files: crlFiles(config.directory), lifetime: config.crlLifetimeSeconds },
    event: (type, fields) => events.of(type, fields),
    published: ({ name }, nextUpdate) => published(name, nextUpdate),
    failed: ({ name }, error, ms) =>
      logger.error('a CRL could not be signed; the one before it stays', { issuer: name, ms, error }),
  });
  const upper = new FollowedUpperCrls({
    ...{ files: config.upperCrls, clock, logger },
    issuers: () => keeper.issuers(),
    taken: published,
  });
  const bundle = new FollowedBundle({
    ...{ clock, logger },
    issuers: () => keeper.issuers(),
    crlOf: (keyId) => keeper.get(keyId) ?? upper.crls.get(keyId),
    isWanted: config.upperCrls.length > 0 || foundation.config.distribution?.crlConfigMap !== undefined,
  });
  opening.defer(() => keeper.stop());
  const signing = () => issuers.all().filter((issuer) => issuer.way === 'sign');
  opening.defer(() => upper.stop());
  issuers.onChange(() => {
    keeper.follow(signing());
    upper.reconsider();
    bundle.changed();
  });

  const answers = new Counter({
    name: 'countersign_ocsp_answers_total',
    help: 'OCSP answers by what they said: good, revoked, unknown, several, or an error of RFC 6960.',
    labelNames: ['answer'],
    registers: [metrics.registry],
  });
  const responder = new OcspResponder({
    ...{ register, clock, lifetime: config.ocspLifetimeSeconds },
    answered: (word, error) => {
      answers.inc({ answer: word });
      if (error !== undefined) logger.error('an OCSP question could not be answered', { error });
    },
    issuers: () => keeper.issuers(),
    // serials of other servers stand in the logs of those, unless all share one
    isIssued: async (serial) =>
      (!shared && Number.parseInt(serial.slice(0, 2), 16) !== octet) ||
      (await log.inventory.find({ serial })).length > 0,
  });
  const followed = new FollowedRevocations({
    ...{ foundation, documents: config.documents, register: revoked, log },
    signs: (keyId) => keeper.get(keyId) !== undefined,
    revoked: async (keyIds) => {
      responder.forget();
      await keeper.changed(keyIds);
    },
  });
  opening.defer(() => followed.stop());
  await followed.start();
  await upper.start();

  const door = await listenForStatus({
    ...config.listen,
    maxConnections: config.maxConnections,
    now: () => clock.now(),
    failed: (error) => logger.warn('the door of revocation could not answer', { error }),
    views: {
      crl: (keyId) => keeper.get(keyId) ?? upper.crls.get(keyId),
      bundle: () => bundle.current(),
      certificate: (keyId) => keeper.certificate(keyId),
      ocsp: (request) => responder.answer(request),
    },
  });
  opening.defer(() => door.close());
  const running = opening.move();
  return {
    listening: { host: door.address.address, port: door.address.port },
    bundle: () => bundle.current()?.pem,
    onBundle: (follow) => bundle.onChange(follow),
    look: async () => void (await Promise.all([followed.look(), upper.look()])),
    stop: () => running.disposeAsync(),
  };
}
