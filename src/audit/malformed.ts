/** Bytes that are not what they should be: an entry, a note, a tile. The message says what was expected. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}
