import { parseLogVkey } from '#audit/cosignature.ts';
import { isKeyName } from '#audit/vkey.ts';
import { attempt, checkAddress, type Report, type Step } from './judgement.ts';
import type { WitnessText } from './schema/witness.ts';

export function checkWitness({ name, logs, listen }: WitnessText, at: readonly Step[], report: Report): void {
  if (!isKeyName(name)) report([...at, 'name'], 'a name here holds no space, no line break and no "+"');
  checkAddress(listen, [...at, 'listen'], report);
  for (const [which, vkey] of logs.entries())
    attempt(
      () => {
        if (parseLogVkey(vkey).name === name) throw new RangeError('a witness does not witness itself');
      },
      (problem) => report([...at, 'logs', which], problem),
    );
}
