import type { Answer } from './answer.ts';
import { type Asked, usualRows } from './ask.ts';

interface Asker {
  ask(asked: Asked): Promise<Answer>;
}

/**
 * A page may come short of what was asked for: then the next ones are asked for at once, until there is enough, or the
 * end. `found` hears how many rows there are by now.
 */
export async function askWhole(
  inventory: Asker,
  asked: Asked,
  found: (rows: number) => void = () => {},
): Promise<Answer> {
  let answer = await inventory.ask(asked);
  const limit = asked.limit ?? usualRows;
  while (answer.answer === 'records' && answer.before !== undefined && answer.records.length < limit) {
    const next = await inventory.ask({ ...asked, before: answer.before, limit: limit - answer.records.length });
    if (next.answer !== 'records') return answer;
    answer = { ...next, upTo: answer.upTo, records: [...answer.records, ...next.records] };
    found(answer.records.length);
  }
  return answer;
}

/** Leaf indexes that an answer names, in its order. */
export function indexesOf(answer: Answer): readonly number[] {
  switch (answer.answer) {
    case 'records':
      return answer.records.map(({ index }) => index);
    case 'groups':
      return answer.groups.map(({ index }) => index);
    case 'rates':
      return answer.rates.flatMap(({ index }) => (index === undefined ? [] : [index]));
  }
}
