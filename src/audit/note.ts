import { Malformed } from './malformed.ts';
import { decodeBase64, isKeyName, type NoteVerifier } from './vkey.ts';

/** A signed note (C2SP signed-note v1.0.0): text, an empty line, signature lines. */
export interface Note {
  /** The signed text, with its last newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface NoteSignature {
  readonly name: string;
  readonly keyId: number;
  readonly signature: Uint8Array;
}

/** Bounds that keep a hostile note cheap; a verifier must take at least 16 signatures. */
const maxNoteLength = 1_000_000;
const maxSignatures = 100;

const emDash = '\u2014';
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function formatNote(note: Note): string {
  return `${note.text}\n${formatSignatures(note.signatures)}`;
}

/** Signatures alone, a line each: what a witness answers with. */
export function formatSignatures(signatures: readonly NoteSignature[]): string {
  return signatures.map(signatureLine).join('');
}

function signatureLine({ name, keyId, signature }: NoteSignature): string {
  const id = Buffer.alloc(4);
  id.writeUInt32BE(keyId);
  return `${emDash} ${name} ${Buffer.concat([id, signature]).toString('base64')}\n`;
}

/** Reads a note without checking a signature. Throws Malformed. */
export function parseNote(bytes: Uint8Array): Note {
  if (bytes.length > maxNoteLength) throw new Malformed('note: longer than 1,000,000 octets');
  const whole = decodeText(bytes);
  const split = whole.lastIndexOf('\n\n');
  if (split < 0 || !whole.endsWith('\n'))
    throw new Malformed('note: no empty line before its signatures, or no last newline');
  return { text: whole.slice(0, split + 1), signatures: parseLines(whole.slice(split + 2)) };
}

/** Reads signature lines without the note that they belong to. Throws Malformed, also where there is none. */
export function parseSignatures(bytes: Uint8Array): readonly NoteSignature[] {
  if (bytes.length > maxNoteLength) throw new Malformed('signatures: longer than 1,000,000 octets');
  const text = decodeText(bytes);
  if (!text.endsWith('\n')) throw new Malformed('signatures: no last newline');
  return parseLines(text);
}

function parseLines(text: string): readonly NoteSignature[] {
  const lines = text.slice(0, -1).split('\n');
  if (lines.length > maxSignatures) throw new Malformed(`note: more than ${maxSignatures} signatures`);
  return lines.map(parseSignature);
}

function decodeText(bytes: Uint8Array): string {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (cause) {
    throw new Malformed('note: not UTF-8', { cause });
  }
  if (/[^\P{Cc}\n]/u.test(text)) throw new Malformed('note: holds a control character');
  return text;
}

function parseSignature(line: string): NoteSignature {
  const [dash, name = '', base64 = '', ...rest] = line.split(' ');
  const blob = decodeBase64(base64);
  if (dash !== emDash || rest.length > 0 || !isKeyName(name) || blob === undefined || blob.length < 5) {
    throw new Malformed('note: a signature line must be "\u2014 name base64"');
  }
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  return { name, keyId: view.getUint32(0), signature: blob.subarray(4) };
}

/**
 * The verifiers whose signature on the note holds. A signature of a known key that does not hold makes the whole note
 * Malformed, as in the reference implementation: it is an attempt, not an accident. Unknown keys are passed over.
 */
export function verifyNote(note: Note, verifiers: readonly NoteVerifier[]): NoteVerifier[] {
  const text = Buffer.from(note.text);
  const held = new Set<NoteVerifier>();
  for (const { name, keyId, signature } of note.signatures) {
    const verifier = verifiers.find((one) => one.name === name && one.keyId === keyId);
    if (verifier === undefined || held.has(verifier)) continue;
    if (!verifier.verifies(text, signature)) throw new Malformed(`note: the signature of ${name} does not hold`);
    held.add(verifier);
  }
  return [...held];
}
