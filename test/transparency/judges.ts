import { join } from 'node:path';
import { type Ran, run } from '#test/cli/run-cli.ts';
import { oracle } from '#test/oracles.ts';

/** Programs that know nothing of us but an origin and a key; see test/go/transparency. */
function program(name: string): string {
  const found = oracle('set:transparency');
  if (!found.available) throw new Error(`there is no ${name}: ${found.how}`);
  return join(found.path, name);
}

/** Other people's libraries on a log, a checkpoint or a proof: exit 0 and a JSON object, or 1 and what is wrong. */
export const logcheck = (...words: readonly string[]): Promise<Ran> => run(program('logcheck'), words);

/** Tessera's own command, which ends with 0 whatever it finds and may hang: only its line of success counts. */
export async function fsck(source: string, vkeyFile: string): Promise<string | undefined> {
  const ran = await run(program('fsck'), [
    `--storage_url=${source}`,
    `--public_key=${vkeyFile}`,
    '--ui=false',
    '--logtostderr',
  ]);
  return /Successfully fsck'd log with size \d+ and root \S+/.exec(ran.stderr)?.[0];
}
