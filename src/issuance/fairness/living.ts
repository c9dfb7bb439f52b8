/** Slots of one line: a pod is looked for in one line only. */
const ways = 4;
/** Part of a certificate's life before which nobody renews it: agents and ztunnel do at a half. */
const youth = 1 / 4;

/**
 * Which pods hold a certificate of ours that is due: old enough to be renewed, and living. A pod that has only just
 * got one and asks again has lost it, or is in a loop; neither is a renewal. Fixed memory, 12 octets a pod: whom it has
 * forgotten, or another replica has served, counts as new, and of one new pod in some ten thousand it believes that it renews.
 */
export class LivingCertificates {
  readonly #lines: number;
  /** Per slot: what tells the pod from others of its line; from when to when it may renew, seconds since the epoch. */
  readonly #marks: Uint32Array;
  readonly #from: Uint32Array;
  readonly #until: Uint32Array;

  /** `pods`: how many are remembered; rounded up to a power of two, at least 4. */
  constructor(pods = 262_144) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(pods, ways)));
    this.#lines = slots / ways;
    this.#marks = new Uint32Array(slots);
    this.#from = new Uint32Array(slots);
    this.#until = new Uint32Array(slots);
  }

  /** `notBefore` and `notAfter` in seconds. `impersonated` tells apart what one ztunnel holds for many. */
  issued(podUid: string, impersonated: string, notBefore: number, notAfter: number): void {
    const hash = hashOf(podUid, impersonated);
    const slot = this.#slotFor(hash);
    this.#marks[slot] = mark(hash);
    this.#from[slot] = notBefore + (notAfter - notBefore) * youth;
    this.#until[slot] = notAfter;
  }

  /** `now` in seconds. */
  isRenewal(podUid: string, impersonated: string, now: number): boolean {
    const hash = hashOf(podUid, impersonated);
    const slot = this.#find(hash);
    return slot >= 0 && (this.#from[slot] ?? 0) <= now && now <= (this.#until[slot] ?? 0);
  }

  #find(hash: number): number {
    const first = this.#firstOf(hash);
    const wanted = mark(hash);
    for (let slot = first; slot < first + ways; slot++) if (this.#marks[slot] === wanted) return slot;
    return -1;
  }

  /** Its own slot, else the one whose certificate ends first: the living push out the dead. */
  #slotFor(hash: number): number {
    const known = this.#find(hash);
    if (known >= 0) return known;
    const first = this.#firstOf(hash);
    let oldest = first;
    for (let slot = first + 1; slot < first + ways; slot++) {
      if ((this.#until[slot] ?? 0) < (this.#until[oldest] ?? 0)) oldest = slot;
    }
    return oldest;
  }

  #firstOf(hash: number): number {
    return (hash & (this.#lines - 1)) * ways;
  }
}

/** All 32 bits; 0 is an empty slot's. */
const mark = (hash: number) => hash >>> 0 || 1;

/** FNV-1a (draft-eastlake-fnv) with a last mixing for the low bits. It need not resist anybody: UIDs are the API server's. */
function hashOf(podUid: string, impersonated: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < podUid.length; at++) hash = Math.imul(hash ^ podUid.charCodeAt(at), 0x01000193);
  for (let at = 0; at < impersonated.length; at++) hash = Math.imul(hash ^ impersonated.charCodeAt(at), 0x01000193);
  return hash ^ (hash >>> 15);
}
