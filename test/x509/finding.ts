import { Refusal } from '#refusal/refusal.ts';

/** The field that the lint names; undefined when it found nothing. */
export function finding(run: () => void): unknown {
  try {
    run();
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof Refusal) || thrown.code !== 'profile.lint') throw thrown;
    return thrown.detail.field ?? 'malformed';
  }
}

export const flipped = (bytes: Uint8Array, bit: number) =>
  bytes.map((octet, i) => (i === bit >> 3 ? octet ^ (1 << (bit & 7)) : octet));
