import type { LiveIssuers } from '#authority/issuers.ts';
import type { Handed } from '#doors/kubernetes/request-kind.ts';
import type { DoorName } from '#policy/permit.ts';
import type { DurableLog } from '#store/log.ts';
import { type IssuedLately, issuedLately } from './issued-lately.ts';

/** ms before the start in which somebody may have died between the record and the API server: the longest outage that is made good. */
const latelyMs = 86_400_000;
const doors: ReadonlySet<string> = new Set<DoorName>(['pod-certificate', 'kubernetes-csr', 'cert-manager']);

/** By UID, which no object of another kind has. `now` in ms. */
export async function handedLately(
  { log, issuers }: { readonly log: Pick<DurableLog, 'entries' | 'size'>; readonly issuers: LiveIssuers },
  now: number,
): Promise<ReadonlyMap<string, Handed>> {
  const lately = await issuedLately(log, doors, now - latelyMs);
  return new Map([...lately].flatMap(([uid, issued]) => withChain(uid, issued, issuers)));
}

/** None where the issuer has changed since. */
function withChain(uid: string, { leaf, issuerSha256 }: IssuedLately, issuers: LiveIssuers): [string, Handed][] {
  const issuer = issuers.all().find((each) => each.way === 'sign' && each.certificateSha256 === issuerSha256);
  return issuer?.way === 'sign' ? [[uid, { leaf, intermediates: issuer.intermediates, roots: issuer.roots }]] : [];
}
