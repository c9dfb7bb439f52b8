import type { Socket } from 'node:net';
import { type Client, DatabaseError, type QueryConfig, type QueryResult } from 'pg';
import { clientOf } from './client.ts';
import { CopyOut, copyText } from './copy-out.ts';
import type { PostgresHost, PostgresSettings } from './settings.ts';

export type Row = Readonly<Record<string, unknown>>;

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The connection is gone, or nothing can be said of what was asked over it. */
export class Lost extends Error {
  override readonly name = 'Lost';
}

/** What the server answered with an error; `code` is its SQLSTATE. */
export class Rejected extends Error {
  override readonly name = 'Rejected';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** One connection. It is never mended: whoever finds it lost opens another, and knows that it did. */
export class Session {
  readonly #client: Client;
  readonly #socket: Socket;
  readonly #names = new Map<string, string>();
  #warned: string | undefined;
  #lost: Lost | undefined;
  /** ms for an answer. */
  answerWithinMs: number;

  private constructor(client: Client, socket: Socket, answerWithinMs: number) {
    this.answerWithinMs = answerWithinMs;
    this.#client = client;
    this.#socket = socket;
    client.on('error', (error) => {
      this.#lost ??= new Lost(error.message, { cause: error });
    });
    client.on('notice', ({ code, message }) => {
      // A notice is of class 00, a warning of another; words and severity may be in any language.
      if (code?.startsWith('00') !== true) this.#warned = message;
    });
  }

  /** A connection as it comes, to one host. Rejects with whatever is in the way. */
  static async connect(host: PostgresHost, settings: PostgresSettings, answerWithinMs: number): Promise<Session> {
    const { client, socket } = await clientOf(host, settings);
    const session = new Session(client, socket, answerWithinMs);
    try {
      await client.connect();
      return session;
    } catch (thrown) {
      session.destroy();
      throw thrown;
    }
  }

  /** Number of the server's process, as it was told when the connection began. */
  get process(): unknown {
    return Reflect.get(this.#client, 'processID');
  }

  get lost(): boolean {
    return this.#lost !== undefined;
  }

  /** Rows of one statement. Rejects with Rejected, or with Lost. */
  async query(statement: string | Statement, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const asked = typeof statement === 'string' ? { text: statement, values } : statement;
    const { rows } = await this.#answered(() => this.#client.query<Row>(this.#asked(asked)));
    return rows;
  }

  /** Rows of one statement whose values are whole numbers, each a list of octets: for many rows of `bytea`. Rejects as `query`, or with StoreError. */
  async copy(select: string, values: readonly number[]): Promise<Buffer[][]> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const copied = new CopyOut(copyText(select, values), (error) => (error ? reject(error) : resolve()));
    await this.#answered(() => {
      this.#client.query(copied);
      return promise;
    });
    return copied.tuples();
  }

  /** Statements without values, in one go. */
  async run(text: string): Promise<void> {
    await this.#answered(() => this.#client.query(text));
  }

  /** Begins a transaction and asks for statements, all on the wire at once; the rows of each. */
  async begin(...statements: readonly Statement[]): Promise<(readonly Row[])[]> {
    const [, ...rows] = rowsOf(await this.#together(['BEGIN', ...statements]));
    return rows;
  }

  /**
   * Statements of a transaction and its COMMIT, all on the wire at once; the rows of each. Rejects with Rejected where a
   * statement failed, and so nothing of the transaction stands; with Lost wherever it may stand.
   *
   * COMMIT counts only where the server said it and meant it: an administrator can make it stop waiting for its standby, of
   * which only a warning tells.
   */
  async commit(...statements: readonly Statement[]): Promise<(readonly Row[])[]> {
    return this.#committed(statements);
  }

  /** A whole transaction on the wire at once, rejecting as `commit`. A single statement is one by itself. */
  async transact(...statements: readonly Statement[]): Promise<(readonly Row[])[]> {
    if (statements.length === 1) return rowsOf(await this.#meant(statements));
    const [, ...rows] = await this.#committed(['BEGIN', ...statements]);
    return rows;
  }

  async #committed(statements: readonly (string | Statement)[]): Promise<(readonly Row[])[]> {
    const results = await this.#meant([...statements, 'COMMIT']);
    const command = lastOf(results.pop()).command;
    if (command !== 'COMMIT') throw new Lost(`the server answered COMMIT with ${command}`);
    return rowsOf(results);
  }

  /** Statements of which the last commits, unless the server warns of something. */
  async #meant(statements: readonly (string | Statement)[]): Promise<Results[]> {
    this.#warned = undefined;
    const results = await this.#together(statements);
    if (this.#warned !== undefined) throw new Lost(this.#warned);
    return results;
  }

  /** Each has an answer of its own, and the first that failed says why. */
  #together(statements: readonly (string | Statement)[]): Promise<Results[]> {
    return this.#answered(async () => {
      this.#socket.cork();
      const asked = statements.map((statement): Promise<Results> => this.#client.query(this.#asked(statement)));
      this.#socket.uncork();
      const answers = await Promise.allSettled(asked);
      return answers.map((answer) => {
        if (answer.status === 'rejected') throw answer.reason;
        return answer.value;
      });
    });
  }

  /** What is asked again and again is planned once; there are few texts. */
  #asked(statement: string | Statement): QueryConfig {
    if (typeof statement === 'string') return { text: statement };
    const { text, values } = statement;
    const name = this.#names.get(text) ?? `c${this.#names.size}`;
    this.#names.set(text, name);
    return { name, text, values: [...values] };
  }

  /** Lets go at once, whatever is under way; the server rolls back what was not committed. */
  destroy(): void {
    this.#lost ??= new Lost('the connection was let go');
    this.#socket.destroy();
  }

  async close(): Promise<void> {
    if (!this.lost) await this.#answered(() => this.#client.end()).catch(() => {});
    this.destroy();
  }

  async #answered<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#lost !== undefined) throw this.#lost;
    const timer = setTimeout(() => {
      this.#lost ??= new Lost(`no answer within ${this.answerWithinMs} ms`);
      this.#socket.destroy();
    }, this.answerWithinMs);
    try {
      return await ask();
    } catch (thrown) {
      throw this.#asOurs(thrown);
    } finally {
      clearTimeout(timer);
    }
  }

  #asOurs(thrown: unknown): Error {
    // Its `detail` may quote the values of a row; the message does not.
    if (thrown instanceof DatabaseError && this.#lost === undefined && thrown.severity === 'ERROR')
      return new Rejected(thrown.code ?? '', thrown.message);
    this.#lost ??= new Lost(thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
    return this.#lost;
  }
}

/** For several statements in one text the client gives a list, which its types do not know of. */
type Results = QueryResult<Row> | QueryResult<Row>[];

function rowsOf(results: readonly Results[]): (readonly Row[])[] {
  return results.map((result) => lastOf(result).rows);
}

function lastOf(results: Results | undefined): QueryResult<Row> {
  const last = Array.isArray(results) ? results.at(-1) : results;
  if (last === undefined) throw new TypeError('the client gave no result');
  return last;
}
