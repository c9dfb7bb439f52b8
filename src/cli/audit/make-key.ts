import { generateKeyPairSync } from 'node:crypto';
import { writeDurably } from '#keys/durable-file.ts';
import { KeyStoreError } from '#keys/key-store-error.ts';
import { openKeyFile } from '#keys/software/key-file.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import { plain } from '../terminal/plain.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { makeKeyOptions } from './options.ts';

/** Safe to run at every start: the second time it only looks. */
export async function runMakeKey(
  { options, operands }: Input<typeof makeKeyOptions>,
  terminal: Terminal,
): Promise<Exit> {
  const [file = ''] = operands;
  const made = await makeUnlessThere(file, newKey());
  if (!made) await demandLogKey(file);
  if (options.json) terminal.printJson({ file, made });
  else terminal.print(`${plain(file)}: ${made ? 'made' : 'there already'}`);
  return 'ok';
}

const newKey = () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });

/** Whether it was made now; what is there stays. */
export async function makeUnlessThere(file: string, pem: string | Buffer): Promise<boolean> {
  try {
    await writeDurably(file, pem, { mode: 0o600, exclusive: true });
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') return false;
    throw thrown;
  }
}

async function demandLogKey(file: string): Promise<void> {
  const { algorithm } = await openKeyFile(file).catch((thrown: unknown) => {
    if (thrown instanceof KeyStoreError) throw new Failure('input', thrown.message, undefined, { cause: thrown });
    throw thrown;
  });
  if (algorithm !== 'ed25519')
    throw new Failure('input', `${file} holds a key for ${algorithm}`, 'a log is signed by an Ed25519 key');
}
