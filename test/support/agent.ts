import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { createCertificatePath } from '#doors/istio/create-certificate.ts';
import { FrameReader, frame } from '#doors/istio/framing.ts';
import { decodeChain, encodeRequest, type RequestFields } from '#test/doors/istio/codec.ts';

export interface AgentOptions {
  readonly port: number;
  /** PEM. */
  readonly roots: string;
  readonly identity?: { readonly chain: string; readonly key: string };
  /** Address of this machine to come from, any of 127.0.0.0/8. */
  readonly from?: string;
}

export interface Ask extends RequestFields {
  readonly token?: string;
  /** Instead of the encoded fields. */
  readonly raw?: Uint8Array;
  /** On top of `authorization`; names in lower case. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

export interface Answer {
  /** gRPC status; 14 too where the connection ended before one came. */
  readonly code: number;
  readonly message: string;
  /** Empty unless the code is 0. */
  readonly chain: readonly string[];
}

/** Octets of the largest answer that is read. */
const maxAnswer = 4 * 1024 * 1024;

/** One call under way. */
export class AgentCall {
  readonly answer: Promise<Answer>;
  readonly #stream: ClientHttp2Stream;
  #received = 0;

  constructor(stream: ClientHttp2Stream) {
    this.#stream = stream;
    this.answer = this.#answer();
  }

  /** Octets of DATA that have arrived. */
  get received(): number {
    return this.#received;
  }

  /** As a client that went away: RST_STREAM with CANCEL. */
  cancel(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  #answer(): Promise<Answer> {
    const reader = new FrameReader(maxAnswer);
    const messages: Buffer[] = [];
    let status: Record<string, unknown> = {};
    const notice = (headers: Record<string, unknown>) => {
      if (headers['grpc-status'] !== undefined) status = headers;
    };
    this.#stream.on('response', notice);
    this.#stream.on('trailers', notice);
    this.#stream.on('data', (chunk: Buffer) => {
      this.#received += chunk.length;
      const found = reader.push(chunk);
      if (typeof found !== 'string') messages.push(...found);
    });
    return new Promise((resolve) => {
      this.#stream.on('error', () => {});
      this.#stream.on('close', () => resolve(read(status, messages)));
    });
  }
}

function read(status: Record<string, unknown>, messages: readonly Buffer[]): Answer {
  const code = status['grpc-status'];
  if (code === undefined) return { code: 14, message: 'the connection ended', chain: [] };
  const [body] = messages;
  return {
    code: Number(code),
    message: decodeURIComponent(String(status['grpc-message'] ?? '')),
    chain: code === '0' && body !== undefined ? decodeChain(body) : [],
  };
}

/** A mesh agent on one connection: raw HTTP/2 over TLS, so that a test sees every octet and may break any rule. */
export class Agent implements Disposable {
  readonly #session: ClientHttp2Session;
  readonly closed: Promise<void>;
  #told = false;

  private constructor(session: ClientHttp2Session) {
    this.#session = session;
    this.closed = new Promise((resolve) => session.once('close', resolve));
    session.once('goaway', () => {
      this.#told = true;
    });
  }

  /** Rejects when there is no connection, or the server ends it before its first settings. */
  static connect({ port, roots, identity, from }: AgentOptions): Promise<Agent> {
    const session = connect(`https://127.0.0.1:${port}`, {
      ca: roots,
      servername: 'localhost',
      ...(from !== undefined && { localAddress: from }),
      ...(identity && { cert: identity.chain, key: identity.key }),
    });
    return new Promise((resolve, reject) => {
      session.once('error', reject);
      session.once('close', () => reject(new Error('the server closed the connection')));
      session.once('remoteSettings', () => {
        session.on('error', () => {});
        resolve(new Agent(session));
      });
    });
  }

  get open(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  /** The server has said GOAWAY. */
  get toldToGo(): boolean {
    return this.#told;
  }

  /** Resolves with the server's answer to it. */
  ping(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#session.ping((error) => (error ? reject(error) : resolve()));
    });
  }

  /** Starts a call with its message and the end of the stream. */
  begin(ask: Ask): AgentCall {
    const { token, raw, headers, ...fields } = ask;
    const stream = this.stream(token, headers);
    stream.end(frame(raw ?? encodeRequest(fields)));
    return new AgentCall(stream);
  }

  call(ask: Ask): Promise<Answer> {
    if (!this.open) return Promise.resolve({ code: 14, message: 'the connection is closed', chain: [] });
    return this.begin(ask).answer;
  }

  /** The bare stream, for a test that writes frames of its own. */
  stream(token?: string, headers: Ask['headers'] = {}): ClientHttp2Stream {
    return this.#session.request({
      ':method': 'POST',
      ':path': createCertificatePath,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, asList(value)])),
    });
  }

  destroy(): void {
    this.#session.destroy();
  }

  [Symbol.dispose](): void {
    this.#session.close();
  }
}

function asList(value: string | readonly string[]): string | string[] {
  return typeof value === 'string' ? value : [...value];
}
