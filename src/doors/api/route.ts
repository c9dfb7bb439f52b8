import Type, { type Static, type TObject, type TProperties, type TSchema } from 'typebox';
import type { Administrator } from '#policy/administrator.ts';
import type { Role } from '#policy/role.ts';
import { type Given, readParameters, type Words } from './parameters.ts';
import type { ApiViews } from './ports.ts';
import type { RecordStream } from './record-stream.ts';

/** What is known of a request when its answer is made. */
export interface Asking {
  readonly who: Administrator;
  readonly views: ApiViews;
  readonly signal: AbortSignal;
  /** `Last-Event-ID`, where a stream is taken up again. */
  readonly lastEventId?: string;
}

/** What is sent, and how many rows of the log or of ourselves it shows. */
export type Outcome =
  | { readonly kind: 'json'; readonly body: unknown; readonly rows: number }
  | { readonly kind: 'text'; readonly body: string; readonly rows: number }
  | { readonly kind: 'stream'; readonly stream: RecordStream };

/** One thing that the API does: a row of the table that is served, documented and tested. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** Segments; `{name}` stands for a parameter. */
  readonly path: string;
  readonly summary: string;
  /** Each of these alone is enough; everybody else is refused. */
  readonly roles: readonly Role[];
  /** Whether something is otherwise afterwards: such a route is a POST, and no reading role has it. */
  readonly writes: boolean;
  readonly parameters: TObject;
  readonly media: 'application/json' | 'text/plain' | 'text/event-stream';
  readonly answer: TSchema;
  /** Reads what was given, and changes nothing yet. Throws Refusal `request.malformed`. */
  prepare(words: Words): Prepared;
}

export interface Prepared {
  readonly given: Given;
  run(asking: Asking): Promise<Outcome>;
}

type Common = Pick<Route, 'path' | 'summary' | 'roles'> & Partial<Pick<Route, 'method' | 'writes'>>;

interface Terms<P extends TProperties, Made> extends Common {
  readonly parameters: P;
  readonly handle: (given: Static<TObject<P>>, asking: Asking) => Promise<Made> | Made;
}

interface Rows<Body> {
  readonly body: Body;
  readonly rows: number;
}

export function jsonRoute<P extends TProperties, A extends TSchema>(
  terms: Terms<P, Rows<Static<A>>> & { readonly answer: A },
): Route {
  const run = async (given: Static<TObject<P>>, asking: Asking) =>
    ({ kind: 'json', ...(await terms.handle(given, asking)) }) as const;
  return { ...made(terms, run), media: 'application/json', answer: terms.answer };
}

export function textRoute<P extends TProperties>(terms: Terms<P, Rows<string>> & { readonly answer: string }): Route {
  const run = async (given: Static<TObject<P>>, asking: Asking) =>
    ({ kind: 'text', ...(await terms.handle(given, asking)) }) as const;
  return { ...made(terms, run), media: 'text/plain', answer: Type.String({ description: terms.answer }) };
}

export function streamRoute<P extends TProperties>(terms: Terms<P, RecordStream> & { readonly answer: string }): Route {
  const run = async (given: Static<TObject<P>>, asking: Asking) =>
    ({ kind: 'stream', stream: await terms.handle(given, asking) }) as const;
  return { ...made(terms, run), media: 'text/event-stream', answer: Type.String({ description: terms.answer }) };
}

function made<P extends TProperties>(
  { method = 'GET', path, summary, roles, writes = false, parameters }: Common & { readonly parameters: P },
  run: (given: Static<TObject<P>>, asking: Asking) => Promise<Outcome>,
): Omit<Route, 'media' | 'answer'> {
  const schema = Type.Object(parameters, { additionalProperties: false });
  return {
    ...{ method, path, summary, roles, writes },
    parameters: schema,
    prepare(words) {
      const given = readParameters(schema, words);
      return { given: plain(given), run: (asking) => run(given, asking) };
    },
  };
}

/** Parameters are texts, whole numbers and yes or no: as such they go into the record. */
function plain(given: object): Given {
  const isPlain = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value);
  return Object.fromEntries(Object.entries(given).filter(([, value]) => isPlain(value)));
}
