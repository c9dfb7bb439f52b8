import { decodeEntry } from '#audit/entry.ts';
import type { AuditEvent } from '#audit/event.ts';
import type { LoadedConfig } from '#config/load.ts';
import type { AuditLog } from '#issuance/ports.ts';
import type { PolicySet } from '#policy/set.ts';
import type { SqliteLog } from '#store/sqlite/sqlite-log.ts';
import type { Foundation } from './foundation.ts';
import type { OpenKey } from './open-key.ts';
import { changeOf } from './policies.ts';

/** The log is open: by which key it is signed from here on, and after what kind of end. */
export async function recordOpening({ events }: Foundation, log: SqliteLog, key: OpenKey, vkey: string): Promise<void> {
  const last = log.size === 0 ? undefined : await log.entry(log.size - 1);
  const wasClean = last === undefined || cleanEnds.has(decodeEntry(last).type);
  const { size, origin } = log;
  const opened = [
    events.of('log.opened', { change: { kind: 'log', size, origin, vkey } }),
    ...(wasClean ? [] : [events.of('log.recovered', { message: unclean, change: { kind: 'log', size } })]),
    ...(last === undefined
      ? [events.of('key.activated', { key: key.facts, message: 'the log begins with this key' })]
      : []),
  ];
  await Promise.all(opened.map((event) => log.append(event)));
}

/** What a log may end with when no server was running: its own farewell, or a ceremony held since. */
const cleanEnds: ReadonlySet<unknown> = new Set(['service.stopped', 'ceremony.step', 'key.generated']);
const unclean = 'the server before this one ended without a word';

export interface Started {
  readonly loaded: LoadedConfig;
  readonly policies: PolicySet;
  /** One per issuer. */
  readonly issuers: readonly AuditEvent[];
}

/** With what the server starts, and under which rules, before the first request. */
export async function recordStart({ events, config }: Foundation, log: AuditLog, started: Started): Promise<void> {
  const actor = { user: 'operator', method: 'file' };
  const { loaded } = started;
  const starting = [
    events.of('config.loaded', {
      actor,
      change: { kind: 'config', afterSha256: loaded.sha256, content: loaded.record },
    }),
    events.of('policy.loaded', { actor, change: changeOf(undefined, started.policies) }),
    ...started.issuers,
    ...(config.fips.level === 'policy'
      ? [events.of('fips.probe', { decision: { level: 'policy' }, message: fipsWords })]
      : []),
    events.of('service.started'),
  ];
  await Promise.all(starting.map((event) => log.append(event)));
}

const fipsWords = 'issues only certificates with FIPS-approved algorithms';
