import Type, { type Static, type TProperties } from 'typebox';
import { type AnswerJson, answerJson } from '#audit/questions/answer-json.ts';
import { type Asked, problemWith, readFilter, takenBy } from '#audit/questions/ask.ts';
import { askWhole, indexesOf } from '#audit/questions/ask-whole.ts';
import { questionNames, questions } from '#audit/questions/catalogue.ts';
import { type FilterName, type Filters, filterNames, filters } from '#audit/questions/filters.ts';
import { parseDuration } from '#document/scalars.ts';
import { Refusal } from '#refusal/refusal.ts';
import { Answer, Questions } from '../answers.ts';
import type { LogView } from '../ports.ts';
import { type Asking, jsonRoute } from '../route.ts';
import { tlogProof } from '../tlog-proof.ts';

/** Rows of one page: decoding them takes the event loop, which issuance needs. */
const mostRows = 200;
const usualRows = 50;
const mostProofs = 50;

const page = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: mostRows, description: `a whole number from 1 to ${mostRows}` }),
  ),
  before: Type.Optional(
    Type.Integer({ minimum: 0, description: 'the `before` of the page before: only records below this leaf index' }),
  ),
};

const filterParameters: TProperties = Object.fromEntries(
  filterNames.map((name) => [
    name,
    Type.Optional(Type.String({ description: `${filters[name].of}: ${filters[name].help}` })),
  ]),
);

export const questionRoutes = [
  jsonRoute({
    path: '/v1/questions',
    summary: 'The questions that the log answers, by name',
    roles: ['auditor'],
    parameters: {},
    answer: Questions,
    handle: () => ({
      body: {
        questions: questionNames.map((name) => {
          const question = questions[name];
          const { number, asks, answer, needs = [] } = question;
          return {
            ...{ name, asks, answer, takes: [...takenBy(question)], needs: needs.map((group) => [...group]) },
            ...(number !== undefined && { number }),
          };
        }),
      },
      rows: questionNames.length,
    }),
  }),
  jsonRoute({
    path: '/v1/questions/{name}',
    summary: 'The answer to a question: each row with its leaf index, and with `proof=true` its proof',
    roles: ['auditor'],
    parameters: {
      name: Type.Enum([...questionNames], { description: 'a name that GET /v1/questions lists' }),
      ...page,
      proof: Type.Optional(Type.Boolean({ description: 'true or false' })),
      ...filterParameters,
    },
    answer: Answer,
    handle: (given, asking) => {
      const { name, limit, before, proof } = given;
      const words = new Map<string, unknown>(Object.entries(given));
      return answered({ name, filters: readFilters(words), limit, before, proof: proof ?? false }, asking);
    },
  }),
  jsonRoute({
    path: '/v1/ceremonies',
    summary: 'What the log has of ceremonies: keys, their CAs and where they are, who was there',
    roles: ['ceremony-officer', 'auditor'],
    parameters: page,
    answer: Answer,
    handle: ({ limit, before }, asking) =>
      answered({ name: 'authorities', filters: {}, limit, before, proof: false }, asking),
  }),
];

interface Wanted extends Pick<Asked, 'name' | 'filters'> {
  readonly limit: number | undefined;
  readonly before: number | undefined;
  readonly proof: boolean;
}

async function answered({ name, filters: given, limit, before, proof }: Wanted, { views, signal }: Asking) {
  const problem = problemWith(name, given);
  if (problem !== undefined) throw new Refusal('request.malformed', problem);
  if (proof && (limit ?? 0) > mostProofs)
    throw new Refusal('request.malformed', `limit: with proofs a page has at most ${mostProofs} rows`);
  const answer = await askWhole(views.inventory, {
    ...{ name, filters: given, now: Date.now(), limit: limit ?? usualRows },
    ...(before !== undefined && { before }),
  });
  const indexes = indexesOf(answer);
  const proofs = await Promise.all(proof ? indexes.map((index) => proofOrNone(views.log, index, signal)) : []);
  const byIndex = new Map(indexes.map((index, at) => [index, proofs[at]]));
  return { body: shown(answerJson(answer), byIndex), rows: indexes.length };
}

/** None where only the hash of the entry is left. */
async function proofOrNone(log: LogView, index: number, signal: AbortSignal): Promise<string | undefined> {
  return (await log.entry(index)) === undefined ? undefined : tlogProof(log, index, signal);
}

function shown(answer: AnswerJson, proofs: ReadonlyMap<number, string | undefined>): Static<typeof Answer> {
  const proofOf = (index: number | undefined) => {
    const proof = index === undefined ? undefined : proofs.get(index);
    return proof === undefined ? {} : { proof };
  };
  if ('records' in answer)
    return { ...answer, records: answer.records.map((each) => ({ ...each, ...proofOf(each.index) })) };
  if ('rates' in answer) return { ...answer, rates: answer.rates.map((each) => ({ ...each, ...proofOf(each.index) })) };
  const groups = answer.groups.map(({ words, ...each }) => {
    const known = Object.entries(words).flatMap(([name, word]) => (word === undefined ? [] : [[name, word] as const]));
    return { ...each, words: Object.fromEntries(known), ...proofOf(each.index) };
  });
  return { ...answer, groups };
}

function readFilters(words: ReadonlyMap<string, unknown>): Filters {
  const now = Date.now();
  const given = filterNames.flatMap((filter) => {
    const text = words.get(filter);
    return typeof text === 'string' ? [[filter, read(filter, text, now)] as const] : [];
  });
  return Object.fromEntries(given);
}

function read(filter: FilterName, text: string, now: number): string | number {
  try {
    return readFilter(filter, text, now, (length) => parseDuration(length) * 1_000);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new Refusal('request.malformed', cause.message, {}, { cause });
  }
}
