import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withoutSecrets } from '#http/veil.ts';

const secret = fc.string({ unit: 'grapheme', minLength: 8, maxLength: 40 });
const around = fc.string({ maxLength: 30 });
/** Characters at both ends where octets of the secret may stand together with what is none of it. */
type Form = readonly [name: string, edge: number, write: (secret: string) => string];
const forms: readonly Form[] = [
  ['as it is', 0, (text) => text],
  ['in JSON', 0, (text) => JSON.stringify(text).slice(1, -1)],
  ['in a URL', 0, encodeURIComponent],
  ['in hexadecimal', 0, (text) => Buffer.from(text).toString('hex')],
  ['in base64', 4, (text) => Buffer.from(text).toString('base64')],
  ['in base64url, behind a name', 8, (text) => Buffer.from(`key:${text}`).toString('base64url')],
];
const telling = 8;

describe("a receiver's words", () => {
  it.each(forms)('A-5: hold no piece of a secret that it says back %s', (_, edge, write) => {
    fc.assert(
      fc.property(secret, around, around, fc.nat(), fc.nat(), (whole, before, after, from, length) => {
        const said = write(whole);
        const at = from % said.length;
        const piece = said.slice(at, at + telling + (length % said.length));
        const told = withoutSecrets(`${before}${piece}${after}`, ['another secret', whole]);
        for (let n = Math.max(edge, at); n + telling <= Math.min(said.length - edge, at + piece.length); n++)
          expect(told).not.toContain(said.slice(n, n + telling));
      }),
    );
  });

  it('are left as they are where no secret is in them', () => {
    fc.assert(
      fc.property(around, (words) => {
        expect(withoutSecrets(words, ['\u{10ffff}'.repeat(4), 'on'])).toBe(words);
      }),
    );
    expect(withoutSecrets('token 1234-5678-9abc is not known', ['1234-5678-9abc'])).toBe('token [secret] is not known');
  });
});
