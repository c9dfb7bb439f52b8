import { decodeEntry } from '#audit/entry.ts';
import type { AuditEvent } from '#audit/event.ts';
import type { LoadedConfig } from '#config/load.ts';
import type { PolicySet } from '#policy/set.ts';
import type { SqliteLog } from '#store/sqlite/sqlite-log.ts';
import type { Foundation } from './foundation.ts';
import type { OpenKey } from './open-key.ts';
import { changeOf } from './policies.ts';

export interface Started {
  readonly loaded: LoadedConfig;
  readonly policies: PolicySet;
  readonly auditKey: OpenKey;
  readonly vkey: string;
  /** One per issuer. */
  readonly issuers: readonly AuditEvent[];
}

/** What a log may end with when no server was running: its own farewell, or a ceremony held since. */
const cleanEnds: ReadonlySet<unknown> = new Set(['service.stopped', 'ceremony.step', 'key.generated']);

/** What a start leaves in the log before the first request: with what, under which rules, after what kind of end. */
export async function recordStart(foundation: Foundation, log: SqliteLog, started: Started): Promise<void> {
  const { events, config } = foundation;
  const last = log.size === 0 ? undefined : await log.entry(log.size - 1);
  const wasClean = last === undefined || cleanEnds.has(decodeEntry(last).type);
  const opened = [
    events.of('log.opened', { change: { kind: 'log', size: log.size, origin: log.origin, vkey: started.vkey } }),
    ...(wasClean
      ? []
      : [
          events.of('log.recovered', {
            message: 'the server before this one ended without a word',
            change: { kind: 'log', size: log.size },
          }),
        ]),
    ...(last === undefined
      ? [events.of('key.activated', { key: started.auditKey.facts, message: 'the log begins with this key' })]
      : []),
    events.of('config.loaded', {
      actor: { user: 'operator', method: 'file' },
      change: { kind: 'config', afterSha256: started.loaded.sha256, content: started.loaded.record },
    }),
    events.of('policy.loaded', {
      actor: { user: 'operator', method: 'file' },
      change: changeOf(undefined, started.policies),
    }),
    ...started.issuers,
    ...(config.fips.level === 'policy'
      ? [
          events.of('fips.probe', {
            decision: { level: 'policy' },
            message: 'issues only certificates with FIPS-approved algorithms',
          }),
        ]
      : []),
    events.of('service.started'),
  ];
  await Promise.all(opened.map((event) => log.append(event)));
}
