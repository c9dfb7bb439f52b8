import type { Input } from '../command/command.ts';
import type { Options } from '../command/options.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import { nameOfInput, readInput } from '../read-input.ts';
import { plainLines } from '../terminal/plain.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { readCertificate } from './certificate.ts';
import { readPrivateKey, readPublicKey } from './key.ts';
import { type SignedBy, signersOf } from './links.ts';
import { readCheckpoint, readProof } from './note.ts';
import { type Find, recognise } from './recognise.ts';
import { readRequest } from './request.ts';
import { asJson, type Shown, show } from './show.ts';
import { readToken } from './token.ts';

type InspectInput = Input<Options & { readonly json: { readonly kind: 'flag'; readonly help: string } }>;

export async function runInspect({ options, operands }: InspectInput, terminal: Terminal): Promise<Exit> {
  const path = operands[0] ?? '-';
  const file = nameOfInput(path);
  const found = inspectBytes(readInput(path), file, Date.now());
  if (options.json) terminal.printJson({ file, found: found.map(asJson) });
  else terminal.print(found.map((item, i) => show(item, i, found.length, terminal.style)).join('\n\n'));
  return 'ok';
}

/** All that is recognised in `bytes`. Throws Failure `input` when nothing is, or when it cannot be read. */
export function inspectBytes(bytes: Buffer, file: string, now: number): readonly Shown[] {
  const finds = recognise(bytes);
  if (finds.length === 0) throw new Failure('input', `${file}: ${unrecognised(bytes)}`);
  const signers = signersOf(finds);
  return finds.map((find, i) => readFind(find, signers[i], finds.length > 1 ? `${file}, item ${i + 1}` : file, now));
}

function readFind(find: Find, signedBy: SignedBy, where: string, now: number): Shown {
  try {
    return read(find, signedBy, now);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure('input', plainLines(`${where}: looks like a ${find.kind} but cannot be read: ${why}`));
  }
}

function read(find: Find, signedBy: SignedBy, now: number): Shown {
  switch (find.kind) {
    case 'certificate':
      return readCertificate(find.der, now, signedBy);
    case 'request':
      return readRequest(find.der);
    case 'private-key':
      return readPrivateKey(find.der);
    case 'public-key':
      return readPublicKey(find.der);
    case 'encrypted-key':
      return { kind: 'encrypted-key', title: 'Private key, encrypted', facts: [], notes: [], data: {} };
    case 'token':
      return readToken(find.text, now);
    case 'checkpoint':
      return readCheckpoint(find.text);
    case 'proof':
      return readProof(find.text);
  }
}

function unrecognised(bytes: Buffer): string {
  if (bytes.length === 0) return 'is empty';
  return 'not recognised; inspect reads certificates and CSRs (PEM or DER), JWTs, checkpoints and tlog-proofs';
}
