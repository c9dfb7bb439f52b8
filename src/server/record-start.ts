import { decodeEntry, type Entry } from '#audit/entry.ts';
import type { AuditEvent } from '#audit/event.ts';
import type { LoadedConfig } from '#config/load.ts';
import type { AuditLog } from '#issuance/ports.ts';
import type { PolicySet } from '#policy/set.ts';
import type { EngineLog } from '#store/engine-log.ts';
import { configChange, policyChangeSince, policyTexts } from './change.ts';
import { type Events, fromFiles } from './events.ts';
import type { Foundation } from './foundation.ts';
import type { LogKeys } from './log-keys.ts';
import type { LastLoaded } from './newest-records.ts';
import { writtenBy } from './written-by.ts';

/**
 * The log is open: by which key it is signed from here on, and after what kind of end. A key that has never signed it
 * stands in it, under a checkpoint of the keys before it, and only then begins.
 */
export async function recordOpening(foundation: Foundation, log: EngineLog, keys: LogKeys): Promise<void> {
  keys.takeUp(log.signedLast);
  const { vkey } = keys.current.checkpoint;
  const { size, origin } = log;
  const last = await lastRecord(foundation, log);
  const wasClean = last === undefined || cleanEnds.has(last.type);
  const { events } = foundation;
  const opened = [
    events.of('log.opened', { change: { kind: 'log', size, origin, vkey } }),
    ...(wasClean ? [] : [events.of('log.recovered', { message: unclean, change: { kind: 'log', size } })]),
    ...(size === 0 ? [activated(events, keys, 'the log begins with this key')] : []),
    ...(size > 0 && keys.isNew ? [activated(events, keys, 'from here on the log is signed by this key')] : []),
    ...keys.goneSince.map((id) => retired(events, id)),
  ];
  await Promise.all(opened.map((event) => log.append(event)));
  if (keys.isNew && keys.besides.length > 0) await log.publish();
  keys.begin();
  keys.recordEnd = async (id) => void (await log.append(retired(events, id)));
}

function activated(events: Events, { current, origin, besides }: LogKeys, message: string): AuditEvent {
  const change = {
    kind: 'log-key',
    origin,
    vkey: current.checkpoint.vkey,
    ...(besides.length > 0 && {
      besides: besides.map(({ vkey, until }) => ({ vkey, until: new Date(until).toISOString() })),
    }),
  };
  return events.of('key.activated', { key: current.facts, change, message });
}

function retired(events: Events, id: string): AuditEvent {
  return events.of('key.retired', { change: { kind: 'log-key', id }, message: 'signs the log no more' });
}

/** Newest record; of a log that is shared, newest of our own, as far as one can be found without reading it all. */
async function lastRecord(foundation: Foundation, log: EngineLog): Promise<Entry | undefined> {
  const most = foundation.config.audit.store === undefined ? 1 : newest;
  const recent = await log.entries(Math.max(0, log.size - most), log.size);
  return recent.map(decodeEntry).findLast(writtenBy(foundation));
}

/** Records of a shared log that are looked through. */
const newest = 1_000;

/** What a log may end with when no server was running: its own farewell, or a ceremony held since. */
const cleanEnds: ReadonlySet<unknown> = new Set(['service.stopped', 'ceremony.step', 'key.generated']);
const unclean = 'the server before this one ended without a word';

export interface Started {
  readonly loaded: LoadedConfig;
  readonly policies: PolicySet;
  /** One per list of weak keys that the operator brings. */
  readonly blocklists: readonly AuditEvent[];
  /** One per issuer. */
  readonly issuers: readonly AuditEvent[];
}

/** With what the server starts, under which rules, and what of it is new, before the first request. */
export async function recordStart(
  { events, config }: Foundation,
  log: AuditLog,
  lastLoaded: LastLoaded,
  { loaded, policies, blocklists, issuers }: Started,
): Promise<void> {
  const actor = fromFiles;
  const last = await lastLoaded.find();
  const configuration = configChange(loaded, last['config.loaded']);
  const rules = policyChangeSince(policies, last['policy.loaded']);
  const texts = policyTexts(policies).map((change) => log.append(events.of('policy.text', { change })));
  const loading = [
    log.append(events.of('config.loaded', { actor, change: configuration })),
    log.append(events.of('policy.loaded', { actor, change: rules })),
  ] as const;
  const starting = [
    ...blocklists,
    ...issuers,
    ...(config.fips.level === 'policy'
      ? [events.of('fips.probe', { decision: { level: 'policy' }, message: fipsWords })]
      : []),
    events.of('service.started'),
  ];
  const started = starting.map((event) => log.append(event));
  const [configAt, policiesAt] = await Promise.all(loading);
  await Promise.all([...texts, ...started]);
  await lastLoaded.remember({ 'config.loaded': configAt, 'policy.loaded': policiesAt });
}

const fipsWords = 'issues only certificates with FIPS-approved algorithms';
