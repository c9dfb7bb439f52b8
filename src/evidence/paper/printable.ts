/** What the fonts that every reader of PDF has can show beyond Latin-1 (WinAnsi, ISO 32000-1 annex D.2). */
const beyond = '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ';

/** What they cannot is written as its number, `\u{4e2d}`: index.html has the character itself. */
export function printable(text: string): string {
  return text.replace(/[^\n\x20-\x7e\xa0-\xac\xae-\xff]/gu, (c) =>
    beyond.includes(c) ? c : `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
