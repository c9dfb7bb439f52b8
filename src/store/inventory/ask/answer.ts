import type { DatabaseSync } from 'node:sqlite';
import type { Answer } from '#audit/questions/answer.ts';
import type { Asked } from '#audit/questions/ask.ts';
import { questions } from '#audit/questions/catalogue.ts';
import type { TreeView } from '../../tree-view.ts';
import { answerGroups, answerRates } from './counts.ts';
import { answerRecords } from './records.ts';

/** Answers from the inventory's first `upTo` entries; what is shown of a record comes from the log itself. */
export async function answerAsked(database: DatabaseSync, log: TreeView, asked: Asked, upTo: number): Promise<Answer> {
  const question = questions[asked.name];
  const gone = (await log.dropped()).ranges.count(upTo);
  const speaksOf = gone === 0 ? { upTo } : { upTo, dropped: gone };
  switch (question.answer) {
    case 'records':
      return { ...speaksOf, answer: 'records', ...(await answerRecords(database, log, question, asked, upTo)) };
    case 'groups':
      return { ...speaksOf, answer: 'groups', groups: answerGroups(database, question, asked, upTo) };
    case 'rates':
      return { ...speaksOf, answer: 'rates', ...answerRates(database, asked) };
  }
}
