import { hash } from 'node:crypto';
import { decodeEntry, type Entry } from '#audit/entry.ts';
import type { EventType } from '#audit/event.ts';
import type { ReloadOutcome } from '#doors/api/answers.ts';
import { writtenBy } from '../written-by.ts';
import type { ViewParts } from './views.ts';

/** Records that a look at the files brings about. */
const told: ReadonlySet<EventType> = new Set([
  ...(['policy.loaded', 'policy.refused', 'trustbundle.changed', 'issuer.rotated'] as const),
  ...(['certificate.revoked', 'crl.published'] as const),
]);

/** Most records of one look that are shown. */
const most = 1_000;

/** Has the files looked at, and tells what the log holds of it: on a log that others write too, our own records alone. */
export async function reload({ foundation, store, issuing, policies, look }: ViewParts): Promise<ReloadOutcome> {
  const from = store.size;
  await look();
  const entries = store.size > from ? await store.entries(from, Math.min(store.size, from + most)) : [];
  const isOurs = writtenBy(foundation);
  const records = entries.map(decodeEntry).filter((record) => told.has(record.type) && isOurs(record));
  return {
    changes: records.map(changeOf),
    policySet: policies().id,
    trustBundleSha256: hash('sha256', issuing.live.roots(), 'hex'),
    issuers: issuing.live
      .all()
      .map((issuer) =>
        issuer.way === 'sign'
          ? { name: issuer.name, certificateSha256: issuer.certificateSha256 }
          : { name: issuer.name },
      ),
  };
}

const changeOf = ({ seq, type, outcome, message }: Entry) => ({
  index: seq,
  type,
  outcome,
  ...(typeof message === 'string' && { message }),
});
