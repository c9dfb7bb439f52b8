import { generateKeyPairSync } from 'node:crypto';
import { type CosigningKind, cosigningKinds } from '#audit/cosignature.ts';
import { isKeyName } from '#audit/vkey.ts';
import { cosignerOf, readWitnessKey } from '#server/witness.ts';
import { makeUnlessThere } from '../audit/make-key.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { makeWitnessKeyOptions } from './options.ts';

/** Safe to run at every start: the second time it only looks. */
export async function runMakeWitnessKey(
  { options, operands }: Input<typeof makeWitnessKeyOptions>,
  terminal: Terminal,
): Promise<Exit> {
  const [file = ''] = operands;
  const { name } = options;
  if (name === undefined || !isKeyName(name))
    throw new Failure('usage', 'give --name NAME: the name of the witness, without spaces and "+"');
  const kind = cosigningKinds.find((each) => each === options.kind) ?? 'ed25519';
  const made = await makeUnlessThere(file, newKey(kind));
  const { vkey } = cosignerOf(name, await readWitnessKey(file), file);
  if (options.json) terminal.printJson({ file, made, vkey });
  else terminal.print(vkey);
  return 'ok';
}

function newKey(kind: CosigningKind): string {
  const { privateKey } = kind === 'ed25519' ? generateKeyPairSync(kind) : generateKeyPairSync(kind);
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
