import type { PlacedDisclosure } from '#audit/disclosure.ts';
import { decodeEntry } from '#audit/entry.ts';
import type { Answer } from '#audit/questions/answer.ts';
import { answerJson } from '#audit/questions/answer-json.ts';
import { type Asked, maxRows, problemWith, readFilter } from '#audit/questions/ask.ts';
import { askWhole } from '#audit/questions/ask-whole.ts';
import { answeredElsewhere, type QuestionName, questionNames, questions } from '#audit/questions/catalogue.ts';
import { type FilterName, type Filters, filterNames } from '#audit/questions/filters.ts';
import { parseDuration } from '#document/scalars.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import { table } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { askOptions } from './ask-options.ts';
import { printAnswer } from './ask-print.ts';
import { disclosureJson, openedBeside } from './disclosed.ts';
import { whole } from './filters.ts';
import { openSource } from './log-source.ts';
import { openHomeInventory } from './open-inventory.ts';
import { writeProofs } from './write-proofs.ts';

type AskInput = Input<typeof askOptions>;

export async function runAsk(input: AskInput, terminal: Terminal): Promise<Exit> {
  const name = questionNames.find((each) => each === input.operands[0]);
  if (name === undefined) return listQuestions(input, terminal);
  if (input.options['trust-policy'] !== undefined && input.options.proof === undefined)
    throw new Failure('usage', '--trust-policy says whose checkpoint a proof may lead to: give --proof DIR as well');
  const asked = readAsked(name, input, Date.now());
  const inventory = await openHomeInventory(input.home);
  let answer: Answer;
  try {
    using progress = terminal.progress(`asking ${name}`);
    answer = await askWhole(inventory, asked, (found) => progress.at(found, 0));
  } finally {
    await inventory.close();
  }
  const beside = input.options.disclose ? await besideAnswer(answer, input) : undefined;
  if (input.options.json)
    terminal.printJson({
      question: name,
      ...answerJson(answer),
      ...(beside && { disclosures: beside.map(disclosureJson) }),
    });
  else printAnswer(questions[name], answer, { ...asked, beside }, terminal);
  if (input.options.proof !== undefined) await writeProofs(answer, input.options.proof, input, terminal);
  return 'ok';
}

/** The values that are kept beside the records of an answer; counts have none. */
async function besideAnswer(answer: Answer, { home }: AskInput): Promise<readonly PlacedDisclosure[]> {
  if (answer.answer !== 'records') return [];
  const source = await openSource({ log: undefined, store: undefined }, home);
  try {
    return await openedBeside(
      source,
      answer.records.map(({ entry }) => decodeEntry(entry)),
    );
  } finally {
    await source.close();
  }
}

/** Throws Failure `usage` for what cannot be meant. `now` in ms. */
function readAsked(name: QuestionName, { options }: AskInput, now: number): Asked {
  const given = filterNames.flatMap((filter) => {
    const text = options[filter];
    return text === undefined ? [] : [[filter, read(filter, text, now)] as const];
  });
  const filters: Filters = Object.fromEntries(given);
  const problem = problemWith(name, filters);
  if (problem !== undefined) throw new Failure('usage', problem);
  return {
    name,
    filters,
    now,
    limit: whole(options.limit ?? '50', '--limit', 1, maxRows),
    ...(options.before !== undefined && { before: whole(options.before, '--before', 0, Number.MAX_SAFE_INTEGER) }),
  };
}

function read(filter: FilterName, text: string, now: number): string | number {
  try {
    return readFilter(filter, text, now, (length) => parseDuration(length) * 1_000);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new Failure('usage', `--${cause.message}`, undefined, { cause });
  }
}

function listQuestions({ options }: AskInput, terminal: Terminal): Exit {
  const here = questionNames.map((name) => ({ ask: name, ...questions[name] }));
  if (options.json) {
    terminal.printJson({ questions: here.map(({ ask, number, asks, needs }) => ({ ask, number, asks, needs })) });
    return 'ok';
  }
  const rows = here.map(({ ask, asks, needs }) => [ask, asks, needsInWords(needs)]);
  const others = answeredElsewhere.map(({ by, asks }) => [`(${by})`, asks, '']);
  const columns = [{ title: 'NAME' }, { title: 'ASKS', shrinkTo: 40 }, { title: 'NEEDS', shrinkTo: 10 }];
  terminal.print(table(columns, [...rows, ...others], terminal.columns, terminal.style));
  return 'ok';
}

const needsInWords = (needs: readonly (readonly FilterName[])[] = []) =>
  needs.map((group) => group.map((filter) => `--${filter}`).join(' or ')).join(', ');
