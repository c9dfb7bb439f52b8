import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';

/** What a client needs to get in. */
export interface Access {
  /** Such as https://127.0.0.1:45123, with no slash at the end. */
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  /** Bearer token. */
  readonly token: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** What the JSON says; the text where it is none. */
  readonly body: unknown;
}

export interface Asking {
  readonly body?: unknown;
  /** Of the body; JSON unless told. */
  readonly contentType?: string;
  /** JSON unless told. */
  readonly accept?: string;
}

/** ms that a test waits for an answer. */
const patienceMs = 30_000;

/** The tests' own client of an API server: it shares nothing with the one that is tested. */
export class TestClient {
  readonly access: Access;
  readonly #agent: Agent;
  readonly #headers: Readonly<Record<string, string | readonly string[]>>;

  constructor(access: Access, headers: Readonly<Record<string, string | readonly string[]>> = {}) {
    this.access = access;
    this.#agent = new Agent({ keepAlive: true, ca: access.ca, maxSockets: 16 });
    this.#headers = { ...headers, ...(access.token !== '' && { authorization: `Bearer ${access.token}` }) };
  }

  /** As another user, through impersonation: nodes act as `system:node:NAME` in `system:nodes`. */
  as(user: string, groups: readonly string[] = []): TestClient {
    return new TestClient(this.access, { 'impersonate-user': user, 'impersonate-group': groups });
  }

  /** Whatever is answered; rejects only where nothing is. */
  async ask(method: string, path: string, asking: Asking = {}): Promise<Answer> {
    const response = await this.#send(method, path, asking, AbortSignal.timeout(patienceMs));
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part);
    const text = Buffer.concat(parts).toString();
    return { status: response.statusCode ?? 0, headers: response.headers, body: parsed(text) };
  }

  /** The body of a 2xx answer; rejects with the API server's words otherwise. */
  async must(method: string, path: string, body?: unknown, contentType?: string): Promise<unknown> {
    const answer = await this.ask(method, path, { body, ...(contentType !== undefined && { contentType }) });
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  get(path: string): Promise<unknown> {
    return this.must('GET', path);
  }

  create(path: string, object: unknown): Promise<unknown> {
    return this.must('POST', path, object);
  }

  /** A merge patch. */
  patch(path: string, change: unknown): Promise<unknown> {
    return this.must('PATCH', path, change, 'application/merge-patch+json');
  }

  /** Without a period of grace; `graceSeconds` leaves an object that has one terminating. */
  delete(path: string, graceSeconds = 0): Promise<unknown> {
    return this.must('DELETE', path, { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: graceSeconds });
  }

  /** The events of a watch, one object each, until the answer ends or the reader stops. `path` carries the query. */
  async *watch(path: string): AsyncGenerator<unknown> {
    const stop = new AbortController();
    const response = await this.#send('GET', path, {}, stop.signal);
    try {
      if (response.statusCode !== 200) throw new Error(`GET ${path}: ${response.statusCode}`);
      let rest = '';
      for await (const part of response.setEncoding('utf8')) {
        const lines = `${rest}${part}`.split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) yield parsed(line);
      }
    } finally {
      stop.abort();
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(method: string, path: string, asking: Asking, signal: AbortSignal): Promise<IncomingMessage> {
    const body = asking.body === undefined ? undefined : JSON.stringify(asking.body);
    const headers = {
      accept: asking.accept ?? 'application/json',
      ...this.#headers,
      ...(body !== undefined && {
        'content-type': asking.contentType ?? 'application/json',
        // Node sends the body of a DELETE without a word on its length.
        'content-length': Buffer.byteLength(body),
      }),
    };
    return new Promise((resolve, reject) => {
      const url = `${this.access.url}${path}`;
      const outgoing = request(url, { method, headers, agent: this.#agent, signal }, (response) => {
        // An answer that is cut short rejects whoever reads it; nobody else has to hear of it.
        response.on('error', () => {});
        resolve(response);
      });
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What is at a path of members inside a JSON value; undefined where there is nothing. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let here = value;
  for (const member of path) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = Object.entries(here).find(([name]) => name === String(member))?.[1];
  }
  return here;
}

/** The list at a path of members; empty where there is none. */
export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}
