/** Characters by which a piece of a secret is known again: fewer tell nothing of it. */
const telling = 8;
/** Shorter than this it is no secret, and would be found in any text. */
const shortest = 4;
const mask = '[secret]';

/**
 * A receiver's words without what it was sent in confidence: some say it back, whole, in part, or written otherwise.
 * What they say goes into logs and records, which others read.
 */
export function withoutSecrets(words: string, secrets: readonly string[]): string {
  const hidden = new Uint8Array(words.length);
  for (const form of secrets.flatMap(formsOf)) {
    const length = Math.min(form.length, telling);
    for (let from = 0; length >= shortest && from + length <= form.length; from++)
      hide(hidden, words, form.slice(from, from + length));
  }
  return Array.from({ length: words.length }, (_, at) => {
    if (hidden[at] === 0) return words.charAt(at);
    return hidden[at - 1] === 1 ? '' : mask;
  }).join('');
}

function hide(hidden: Uint8Array, words: string, piece: string): void {
  for (let at = words.indexOf(piece); at >= 0; at = words.indexOf(piece, at + 1)) hidden.fill(1, at, at + piece.length);
}

/** As it is, as JSON and as a URL write it, in hexadecimal, and in base64 however it falls there. */
function formsOf(secret: string): string[] {
  const octets = Buffer.from(secret);
  const hex = octets.toString('hex');
  // Whole groups of three octets only: what stands beside the secret shows in the others.
  const base64 = [0, 1, 2].flatMap((offset) => {
    const whole = octets.subarray(offset, offset + 3 * Math.floor((octets.length - offset) / 3));
    return [whole.toString('base64'), whole.toString('base64url')];
  });
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), hex, hex.toUpperCase(), ...base64];
}
