/** PEM, the strict half of RFC 7468: what a tolerant reader would skip over is a place to hide a second request. */

/** What is wrong and on which line. Callers turn it into a Refusal of their own. */
export class PemError extends Error {
  override readonly name = 'PemError';
  readonly what: string;
  readonly line: number;

  constructor(what: string, line: number) {
    super(`${what} on line ${line}`);
    this.what = what;
    this.line = line;
  }
}

export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array;
}

const longestLine = 76;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const padding = 0x3d;

/** Six bits of each base64 character (RFC 4648 §4), 255 for all others. */
const sextets = new Uint8Array(128).fill(255);
for (const [i, c] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  sextets[c.charCodeAt(0)] = i;
}

/** The one block of a text that holds nothing else but whitespace around it. Throws PemError. */
export function readPem(text: string, labels: readonly string[]): Uint8Array {
  const { block, next } = readBlock(text, skipSpace(text, 0), labels);
  const rest = skipSpace(text, next);
  if (rest < text.length) {
    fail(text, rest, text.startsWith('-----BEGIN', rest) ? 'a second block' : 'text after the block');
  }
  return block.der;
}

/** All blocks of a text, one to `max` of them, with nothing but whitespace between. Throws PemError. */
export function readPemBlocks(text: string, labels: readonly string[], max: number): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  let at = skipSpace(text, 0);
  do {
    if (blocks.length === max) fail(text, at, `more than ${max} blocks`);
    const { block, next } = readBlock(text, at, labels);
    blocks.push(block);
    at = skipSpace(text, next);
  } while (at < text.length);
  return blocks;
}

/** One block: lines of 64 characters, each with its line feed. */
export function toPem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.length).toString('base64');
  let text = `-----BEGIN ${label}-----\n`;
  for (let at = 0; at < base64.length; at += 64) text += `${base64.slice(at, at + 64)}\n`;
  return `${text}-----END ${label}-----\n`;
}

function readBlock(text: string, at: number, labels: readonly string[]): { block: PemBlock; next: number } {
  const label = readLabel(text, at, labels);
  const body = endOfLine(text, at + label.length + '-----BEGIN -----'.length);
  const end = text.indexOf('-----END ', body);
  if (end < 0) fail(text, body, `no "-----END ${label}-----"`);
  const der = decodeBody(text, body, end);
  if (!text.startsWith(`${label}-----`, end + 9)) fail(text, end, `the END line does not say "${label}"`);
  return { block: { label, der }, next: endOfBlock(text, end + label.length + '-----END -----'.length) };
}

function readLabel(text: string, at: number, labels: readonly string[]): string {
  for (const label of labels) {
    if (text.startsWith('-----BEGIN ', at) && text.startsWith(`${label}-----`, at + 11)) return label;
  }
  const wanted = labels.map((label) => `"-----BEGIN ${label}-----"`).join(' or ');
  return fail(
    text,
    at,
    at >= text.length ? `no block; expected ${wanted}` : `expected ${wanted} and nothing before it`,
  );
}

/** Index past the line end that must stand at `at`. */
function endOfLine(text: string, at: number): number {
  if (text.charCodeAt(at) === lineFeed) return at + 1;
  if (text.charCodeAt(at) === carriageReturn && text.charCodeAt(at + 1) === lineFeed) return at + 2;
  return fail(text, at, 'expected a line end');
}

/** The END line may be the last one, without a line end of its own. */
function endOfBlock(text: string, at: number): number {
  return at === text.length || text.charCodeAt(at) <= 0x20 ? at : fail(text, at, 'text after the END line');
}

/** Decodes the lines of `text[from, end)`; every line ends in LF or CRLF and is neither empty nor too long. */
function decodeBody(text: string, from: number, end: number): Uint8Array {
  const out = new Uint8Array(((end - from) * 3) >> 2);
  let length = 0;
  let bits = 0;
  let characters = 0;
  let pads = 0;
  let lineStart = from;
  for (let at = from; at < end; at++) {
    const c = text.charCodeAt(at);
    if (c === lineFeed || c === carriageReturn) {
      if (at === lineStart) fail(text, at, 'an empty line');
      if (at - lineStart > longestLine) fail(text, at, `a line of more than ${longestLine} characters`);
      at = endOfLine(text, at) - 1;
      lineStart = at + 1;
      continue;
    }
    if (c === padding) {
      pads++;
      continue;
    }
    const sextet = c < 128 ? (sextets[c] ?? 255) : 255;
    if (sextet === 255) fail(text, at, 'a character that is not base64');
    if (pads > 0) fail(text, at, 'base64 after its padding');
    bits = (bits << 6) | sextet;
    if ((++characters & 3) === 0) {
      out[length++] = bits >> 16;
      out[length++] = bits >> 8;
      out[length++] = bits;
      bits = 0;
    }
  }
  if (lineStart !== end) fail(text, end, 'no line end before the END line');
  return out.subarray(0, flush(text, end, { out, length, bits, characters, pads }));
}

/** The last, incomplete group: its padding must be there, and the bits that it drops must be zero. */
function flush(
  text: string,
  end: number,
  state: { out: Uint8Array; length: number; bits: number; characters: number; pads: number },
): number {
  const { out, bits, characters, pads } = state;
  const left = characters & 3;
  if (characters === 0) fail(text, end, 'an empty block');
  if (left === 1 || pads !== (4 - left) % 4) fail(text, end, 'base64 with missing or wrong padding');
  const dropped = left === 2 ? bits & 0x0f : left === 3 ? bits & 0x03 : 0;
  if (dropped !== 0) fail(text, end, 'base64 whose last character has stray bits');
  if (left === 2) out[state.length++] = bits >> 4;
  if (left === 3) {
    out[state.length++] = bits >> 10;
    out[state.length++] = bits >> 2;
  }
  return state.length;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text.charCodeAt(at))) at++;
  return at;
}

const isSpace = (c: number) => c === 0x20 || c === 0x09 || c === lineFeed || c === carriageReturn;

function fail(text: string, at: number, what: string): never {
  let line = 1;
  for (let i = 0; i < at && i < text.length; i++) if (text.charCodeAt(i) === lineFeed) line++;
  throw new PemError(what, line);
}
