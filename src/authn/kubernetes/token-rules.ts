import { refuseToken } from './proven-token.ts';
import type { TokenClaims } from './token-claims.ts';

/** Which tokens count at all. The same whoever checks the signature. */
export interface TokenRules {
  /** A token must be meant for one of these; never empty. */
  readonly audiences: readonly string[];
  /** `refuse`: only a pod's token counts. `accept`: also one that is bound to nothing, as VMs have. */
  readonly unbound: 'refuse' | 'accept';
}

/** How far the API server's clock may be off, as it grants itself (contract §5.2 item 3), ms. */
const leewayMs = 60_000;

/** Throws Refusal `authn.failed`. `now` in ms since the epoch. */
export function checkTimes({ expires, notBefore, issuedAt }: TokenClaims, now: number): void {
  if (now - leewayMs > expires * 1000) refuseToken('it has expired');
  if (notBefore !== undefined && now + leewayMs < notBefore * 1000) refuseToken('it is not valid yet');
  if (issuedAt !== undefined && now + leewayMs < issuedAt * 1000) refuseToken('it was issued in the future');
}

/** Those of ours that are given, in our order. Throws Refusal `authn.failed` when there is none. */
export function ownAudiences(given: readonly string[], { audiences }: TokenRules): readonly string[] {
  const ours = audiences.filter((each) => given.includes(each));
  return ours.length > 0 ? ours : refuseToken(`it is not meant for ${audiences.join(' or ')}`);
}

/**
 * A workload's token is bound to its pod, and ends with it. One that is bound to a Secret, a node or a kind that is
 * newer than this program is somebody else's, also where unbound ones are taken. Throws Refusal `authn.failed`.
 */
export function checkBinding({ pod, node, others }: TokenClaims, { unbound }: TokenRules): void {
  if (others.includes('secret')) refuseToken('it is bound to a Secret');
  if (pod !== undefined) return;
  const binding = node === undefined ? others[0] : 'node';
  if (binding !== undefined) refuseToken(`it is not bound to a pod but has ${JSON.stringify(binding.slice(0, 64))}`);
  if (unbound === 'refuse') refuseToken('it is not bound to a pod');
}
