import { join } from 'node:path';
import { FairGate } from '#issuance/fairness/gate.ts';
import type { AuditLog } from '#issuance/ports.ts';
import { Recorder } from '#issuance/record.ts';
import { IssuanceSequence } from '#issuance/sequence.ts';
import { openAuthenticators } from '#server/authenticators.ts';
import { NamedClusters } from '#server/followed-cluster.ts';
import type { Foundation } from '#server/foundation.ts';
import type { Issuing } from '#server/issuing.ts';
import { openKeyStrength } from '#server/key-strength.ts';
import { LogKeys } from '#server/log-keys.ts';
import { FollowedPolicies } from '#server/policies.ts';
import { openPostgresLog } from '#store/postgres/open-log.ts';
import type { PostgresSettings } from '#store/postgres/settings.ts';
import { openLog } from '#store/sqlite/open-log.ts';
import { IssuanceLog } from '#telemetry/issuance-log.ts';
import { observeWith } from '#telemetry/observers.ts';

/** The sequence as the composition root puts it together, with the log exchanged. */
export async function assemble(
  foundation: Foundation,
  issuing: Issuing,
  log: 'sqlite' | AuditLog,
): Promise<IssuanceSequence> {
  const { config, clock, metrics, logger, sparing, events } = foundation;
  const policies = new FollowedPolicies(config.policies, clock);
  return new IssuanceSequence({
    authenticator: openAuthenticators(foundation, new NamedClusters(() => undefined)).authenticator,
    gate: new FairGate(config.fairness, clock),
    csrChecks: { keyStrength: openKeyStrength(foundation).keyStrength, ownKeys: issuing.ownKeys },
    policies: () => policies.set,
    trustDomains: { primary: config.trustDomain, aliases: config.trustDomainAliases },
    issuers: issuing.live,
    serials: foundation.serials,
    log: log === 'sqlite' ? await openSqlite(foundation, `compared-${process.pid}`) : log,
    recorder: new Recorder({
      instance: events.instance,
      id: foundation.ids,
      policySetId: () => policies.set.id,
      includeCertificate: config.audit.includeCertificate,
    }),
    observer: observeWith([metrics.observer, new IssuanceLog(logger, sparing)], () => {}),
    clock,
    allowedSkewMs: config.audit.maxSkewMs,
  });
}

/** A log of its own, in a folder beside the one of the home. */
export async function openSqlite(foundation: Foundation, folder: string) {
  return openLog(await placesOf(foundation, folder));
}

/** One that any number of servers of this home share. */
export async function openPostgres(foundation: Foundation, settings: PostgresSettings) {
  return openPostgresLog({ ...(await placesOf(foundation, `shared-${process.pid}`)), settings });
}

async function placesOf({ config, clock }: Foundation, folder: string) {
  const directory = join(config.audit.directory, folder);
  const publish = join(directory, 'log');
  const keys = await LogKeys.open({ ...config.audit, directory, publish }, clock, () => {});
  keys.begin();
  return {
    directory,
    publicDirectory: publish,
    guard: join(directory, 'checkpoint.guard'),
    signer: keys,
    clock,
    onFailed: (cause: unknown) => {
      throw cause;
    },
  };
}
