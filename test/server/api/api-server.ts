import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { issue, type Keyed, makeRoot } from '#test/doors/istio/pki.ts';
import { TestHome, type TestHomeOptions } from '#test/support/home.ts';
import { TokenIssuer } from '#test/support/token-issuer.ts';
import { InProcess, quiet } from '../in-process.ts';
import { EventReader } from './event-reader.ts';

export interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly json: unknown;
}

export interface ApiAsk extends Pick<RequestOptions, 'method' | 'headers' | 'agent'> {
  readonly token?: string;
  readonly certificate?: Pick<Keyed, 'pem' | 'keyPem'>;
  readonly body?: string;
}

/** A person of a test: by role. */
export type Person = 'viewer' | 'auditor' | 'operator' | 'officer' | 'nobody';

const groups: Readonly<Record<Person, readonly string[]>> = {
  viewer: ['mesh-viewers'],
  auditor: ['mesh-auditors', 'others'],
  operator: ['mesh-operators'],
  officer: ['mesh-officers'],
  nobody: ['others'],
};

/** A whole server with the admin API, its people, and the CA of those who come with a certificate. */
export class ApiServer implements AsyncDisposable {
  readonly home: TestHome;
  readonly running: InProcess;
  readonly people: TokenIssuer;
  readonly authority: Keyed;

  private constructor(home: TestHome, running: InProcess, people: TokenIssuer, authority: Keyed) {
    this.home = home;
    this.running = running;
    this.people = people;
    this.authority = authority;
  }

  static async start(
    limits: Readonly<Record<string, number>> = {},
    options: TestHomeOptions = {},
    prepare: (home: TestHome) => void = () => {},
  ): Promise<ApiServer> {
    const people = new TokenIssuer({ issuer: 'https://people.test', audience: 'countersign' });
    const authority = await makeRoot('People');
    const claim = (value: string) => ({ claims: [{ name: 'groups', value }] });
    const api = {
      listen: '127.0.0.1:0',
      clientCertificates: { roots: 'people.pem' },
      oidc: { issuer: people.issuer, audiences: [people.audience], jwks: { file: 'people.json' } },
      roles: [
        { who: claim('mesh-viewers'), roles: ['viewer'] },
        { who: claim('mesh-auditors'), roles: ['auditor'] },
        { who: claim('mesh-operators'), roles: ['operator'] },
        { who: claim('mesh-officers'), roles: ['ceremony-officer'] },
        { who: { spiffeId: 'spiffe://cluster.local/ns/audit/sa/reader' }, roles: ['auditor'] },
        { who: { subject: 'CN=Ada' }, roles: ['viewer'] },
      ],
      limits: { perSecond: 1_000, connectionsPerSecond: 10_000, ...limits },
    };
    const home = new TestHome({ ...options, config: { ...quiet, ...options.config, api } });
    prepare(home);
    home.write('people.pem', authority.pem);
    home.write('people.json', people.jwks());
    return new ApiServer(home, await InProcess.start(home), people, authority);
  }

  token(person: Person, claims: Readonly<Record<string, unknown>> = {}): string {
    return this.people.token('', '', { sub: person, groups: groups[person], ...claims });
  }

  /** Somebody's certificate from the CA of people. */
  certificate(name: string, uris: readonly string[] = []): Promise<Keyed> {
    return issue(this.authority, name, { uris });
  }

  get port(): number {
    return this.running.server.api?.port ?? 0;
  }

  /** Sends the path as it is, on a connection of its own unless an agent is given. */
  ask(path: string, { token, certificate, body, headers, agent = false, ...options }: ApiAsk = {}): Promise<ApiAnswer> {
    return new Promise((resolve, reject) => {
      const request = httpsRequest(
        {
          ...{ host: '127.0.0.1', port: this.port, path, agent, ca: this.home.root.pem, ...options },
          ...(certificate && { cert: certificate.pem, key: certificate.keyPem }),
          headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
        },
        (response) => void whole(response).then(resolve, reject),
      );
      request.on('error', reject);
      request.end(body);
    });
  }

  /** A stream that is open; rejects where the answer is none. */
  stream(path: string, { token, headers }: ApiAsk): Promise<EventReader> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.port, path, agent: false, ca: this.home.root.pem };
      const request = httpsRequest(
        { ...options, headers: { authorization: `Bearer ${token}`, ...headers } },
        (response) => {
          if (response.statusCode === 200) resolve(new EventReader(response));
          else void whole(response).then(({ body }) => reject(new Error(body)));
        },
      );
      request.on('error', reject);
      request.end();
    });
  }

  as(person: Person, path: string, ask: ApiAsk = {}): Promise<ApiAnswer> {
    return this.ask(path, { token: this.token(person), ...ask });
  }

  /** Records of the API, oldest first. */
  get looks() {
    return this.running.records.filter(({ type }) => type.startsWith('admin.'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running.close();
    this.home[Symbol.dispose]();
  }
}

async function whole(response: IncomingMessage): Promise<ApiAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(Buffer.from(chunk));
  const body = Buffer.concat(chunks).toString();
  const isJson = /json/.test(response.headers['content-type'] ?? '');
  const json: unknown = isJson ? JSON.parse(body) : undefined;
  return { status: response.statusCode ?? 0, headers: response.headers, body, json };
}
