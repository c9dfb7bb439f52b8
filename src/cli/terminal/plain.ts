/** C0, DEL, C1, and the marks that reorder or hide text (Unicode bidi controls, zero width, line separators). */
const unsafe = /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

/**
 * Text from a file or a server, made safe to print on one line: a subject in a hostile certificate could otherwise
 * move the cursor, recolour or reorder what the operator reads.
 */
export function plain(text: string): string {
  return text.replace(unsafe, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}

/** The same for a message of several lines: its line ends stay. */
export function plainLines(text: string): string {
  return text.split('\n').map(plain).join('\n');
}
