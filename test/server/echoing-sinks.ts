import { readFileSync } from 'node:fs';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { rowFormatNames } from '#export/format-names.ts';
import { answer, type Handler, Receiver } from '#test/sinks/receiver.ts';
import { makeTlsFiles, type TlsFolder } from '#test/sinks/tls-files.ts';
import type { TestHome } from '#test/support/home.ts';
import type { Output } from './canaries.ts';

/** What each sink is trusted with, by the name of the file that holds it. */
const secretNames = [
  ...['hec-token', 'api-key', 'password', 'header', 'header-in-base64'],
  ...['access-key', 'secret-key', 'session-token'],
] as const;
type SecretName = (typeof secretNames)[number];

/**
 * Sinks of every kind and format, each trusted with a secret. Those over HTTP say it back where a receiver may say what it
 * likes: in a status, in the reason of one document, in a partial success.
 */
export class EchoingSinks implements AsyncDisposable {
  /** Words that are no secret, to be found in the place of one. */
  static readonly words = 'I was sent';
  /** What each was sent, but for headers. */
  readonly outputs: readonly Output[];
  readonly #receiver: Receiver;
  readonly #syslog: Server;
  readonly #files: TlsFolder;

  private constructor(outputs: readonly Output[], receiver: Receiver, files: TlsFolder, syslog: Server) {
    this.outputs = outputs;
    this.#receiver = receiver;
    this.#files = files;
    this.#syslog = syslog;
  }

  static async listen(): Promise<EchoingSinks> {
    const files = makeTlsFiles();
    const heard: Output[] = [];
    const receiver = await Receiver.listen((received, response) => {
      heard.push([`sent to ${received.path}`, Buffer.from(received.body)]);
      echo(received, response);
    });
    const syslog = createServer({ ...files.server(), requestCert: true, allowHalfOpen: true }, (socket: TLSSocket) => {
      socket.on('data', (part) => heard.push(['sent over syslog', Buffer.from(part)]));
      socket.on('end', () => socket.end());
    });
    await new Promise<void>((resolve) => syslog.listen(0, '127.0.0.1', resolve));
    return new EchoingSinks(heard, receiver, files, syslog);
  }

  get clientKeyPem(): string {
    return readFileSync(this.#files.client.key ?? '', 'utf8');
  }

  /** Names of those that say back what they were sent. */
  readonly echoing = ['splunk', 'elastic', 'basic', 'otlp', 'otlp-proto', 'lake'] as const;
  /** Those that end up with every record, or its dead letter. */
  readonly complete = [...rowFormatNames.map((format) => `file-${format}`), 'stdout', 'syslog', 'elastic', 'otlp'];

  /** Their configuration; the secrets lie in files of the home. */
  configured(home: TestHome, secret: (name: SecretName) => string): object[] {
    for (const name of secretNames) home.write(name, secret(name), 0o600);
    const url = (name: string) => `${this.#receiver.url}/${name}`;
    const header = (file: SecretName) => [{ name: 'x-api-key', value: { file } }];
    return [
      ...rowFormatNames.map((format) => ({
        name: `file-${format}`,
        format,
        to: { file: { directory: `siem/${format}` } },
      })),
      { name: 'stdout', to: { stdout: {} } },
      { name: 'splunk', to: { splunk: { url: url('splunk'), token: { file: 'hec-token' } } } },
      { name: 'elastic', to: { elastic: { url: url('elastic'), apiKey: { file: 'api-key' } } } },
      {
        name: 'basic',
        to: { elastic: { url: url('basic'), basic: { user: 'shipper', password: { file: 'password' } } } },
      },
      { name: 'otlp', to: { otlp: { url: url('otlp'), headers: header('header') } } },
      {
        name: 'otlp-proto',
        format: 'otlp-proto',
        to: { otlp: { url: url('coded'), headers: header('header-in-base64') } },
      },
      {
        name: 'lake',
        format: 'parquet',
        to: {
          s3: {
            ...{ endpoint: this.#receiver.url, bucket: 'lake', flush: '1s' },
            ...{ accessKey: { file: 'access-key' }, secretKey: { file: 'secret-key' } },
            sessionToken: { file: 'session-token' },
          },
        },
      },
      {
        name: 'syslog',
        to: { syslog: { host: '127.0.0.1', port: Object(this.#syslog.address()).port, tls: this.#files.client } },
      },
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#receiver[Symbol.asyncDispose]();
    await new Promise((resolve) => this.#syslog.close(resolve));
    this.#files[Symbol.dispose]();
  }
}

const echo: Handler = ({ path, headers, body }, response) => {
  const { authorization = '', 'x-api-key': key, 'x-amz-security-token': lent } = headers;
  const [, credentials = ''] = authorization.split(' ');
  const told = (what: string) => `${EchoingSinks.words} ${what}, which is wrong`;
  if (path.startsWith('/splunk')) return answer(response, 403, { text: told(authorization), code: 4 });
  if (path.startsWith('/basic'))
    return answer(response, 401, { error: { reason: told(Buffer.from(credentials, 'base64').toString()) } });
  if (path.startsWith('/coded'))
    return answer(response, 500, told(Buffer.from(`key=${key}`).toString(path.length % 2 === 0 ? 'base64' : 'hex')));
  if (path.startsWith('/lake'))
    return void response.writeHead(403).end(`<Error><Message>${told(`${lent} ${authorization}`)}</Message></Error>`);
  if (path.startsWith('/elastic'))
    return answer(response, 200, { errors: true, items: documents(body, told(authorization)) });
  const records = JSON.parse(body).resourceLogs.length;
  const partialSuccess = { rejectedLogRecords: '1', errorMessage: told(encodeURIComponent(String(key))) };
  return answer(response, 200, records > 1 ? { partialSuccess } : {});
};

/** Every second one does not fit. */
function documents(body: string, reason: string): object[] {
  return body
    .trimEnd()
    .split('\n')
    .filter((_, line) => line % 2 === 0)
    .map((action, at) => {
      const { _id } = JSON.parse(action).create;
      if (at % 2 === 0) return { create: { _id, status: 201 } };
      return { create: { _id, status: 400, error: { type: 'document_parsing_exception', reason } } };
    });
}
