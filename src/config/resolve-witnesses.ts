import { parseDuration } from '#document/scalars.ts';
import type { PathFrom } from './resolve-key.ts';
import type { ServerConfigText } from './schema/server-config.ts';
import type { WitnessesConfig } from './sections/audit.ts';

type WitnessesText = NonNullable<ServerConfigText['audit']['witnesses']>;

export function resolveWitnesses(
  { ask, quorum, policy, timeout, without, stopAfter, ca }: WitnessesText,
  from: PathFrom,
): WitnessesConfig {
  return {
    who:
      policy === undefined
        ? { kind: 'list', ask, quorum: quorum ?? ask.length }
        : { kind: 'policy', file: from(policy) },
    timeoutMs: parseDuration(timeout) * 1_000,
    without,
    ...(stopAfter !== undefined && { stopAfterMs: parseDuration(stopAfter) * 1_000 }),
    ...(ca !== undefined && { ca: from(ca) }),
  };
}
