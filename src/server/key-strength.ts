import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AuditEvent } from '#audit/event.ts';
import { BadkeysList } from '#x509/keys/blocklist/badkeys-list.ts';
import { KeyStrength } from '#x509/keys/key-strength.ts';
import type { Foundation } from './foundation.ts';

/**
 * The list of weak keys that every installation has and the operator's own, and the events that name the latter.
 * Throws BlocklistError for a damaged one.
 */
export function openKeyStrength({ config, events }: Foundation): {
  readonly keyStrength: KeyStrength;
  readonly loaded: readonly AuditEvent[];
} {
  const files = config.csr.blocklists.map((path) => ({ path, octets: readFileSync(path) }));
  return {
    keyStrength: new KeyStrength(files.map(({ path, octets }) => BadkeysList.over(path, octets))),
    loaded: files.map(({ path, octets }) =>
      events.of('blocklist.loaded', {
        change: { afterSha256: hash('sha256', octets, 'hex'), kind: 'blocklist', name: path, size: octets.length },
      }),
    ),
  };
}
