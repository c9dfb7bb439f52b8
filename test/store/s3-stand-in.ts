import { createHmac, hash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to the next request that matches, instead of or after its work; or what a test does itself. */
export type Fault = 'refuse' | 'drop' | 'answer-lost' | 'hang' | 'rot' | ((response: ServerResponse) => void);

const accessKey = 'AKIDEXAMPLE';
const secretKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';

/**
 * As much of S3 as an archive needs, and strict about it: signatures are computed anew from Amazon's description (SigV4), the
 * digest of the body must be that of the body, and what is locked stays. A fake, for faults.
 */
export class S3StandIn implements AsyncDisposable {
  readonly objects = new Map<string, { readonly octets: Buffer; readonly headers: IncomingMessage['headers'] }>();
  readonly credentials = { accessKey, secretKey };
  readonly requests: string[] = [];
  /** One each, by method; the first that fits is taken. */
  readonly faults: { readonly method: string; readonly fault: Fault }[] = [];
  /** Some servers know nothing of either. */
  knowsConditions = true;
  knowsChecksums = true;
  /** What comes with keys that are lent; undefined for none. */
  sessionToken: string | undefined;
  /** Told of what it stores, before it is stored. */
  onPut: (url: string, octets: Buffer) => void = () => {};
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<S3StandIn> {
    const server = createServer();
    const standIn = new S3StandIn(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return standIn;
  }

  get endpoint(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    const { method = '', url = '', headers } = request;
    this.requests.push(`${method} ${url}`);
    const at = this.faults.findIndex((each) => each.method === method);
    const fault = at < 0 ? undefined : this.faults.splice(at, 1)[0]?.fault;
    if (fault === 'hang') return;
    if (fault === 'drop') return void request.socket.destroy();
    if (typeof fault === 'function') return fault(response);
    if (fault === 'refuse') return refuse(response, 503, 'SlowDown');
    if (headers['x-amz-content-sha256'] !== hash('sha256', body))
      return refuse(response, 400, 'XAmzContentSHA256Mismatch');
    if (!isSigned(request)) return refuse(response, 403, 'SignatureDoesNotMatch');
    if (headers['x-amz-security-token'] !== this.sessionToken) return refuse(response, 400, 'InvalidToken');
    const there = this.objects.get(url);
    if (method !== 'PUT') {
      if (there === undefined) return refuse(response, 404, 'NoSuchKey');
      response.end(method === 'HEAD' ? undefined : there.octets);
      return;
    }
    if (there !== undefined && this.knowsConditions && headers['if-none-match'] === '*')
      return refuse(response, 412, 'PreconditionFailed');
    this.onPut(url, body);
    this.objects.set(url, { octets: fault === 'rot' ? Buffer.from('rotten') : body, headers });
    if (fault === 'answer-lost') return void request.socket.destroy();
    if (this.knowsChecksums) response.setHeader('x-amz-checksum-sha256', headers['x-amz-checksum-sha256'] ?? '');
    response.end();
  }
}

export function refuse(response: ServerResponse, status: number, code: string, headers = {}, more = ''): void {
  response.writeHead(status, { 'content-type': 'application/xml', ...headers });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code>${more}</Error>`);
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function isSigned({ method, url, headers }: IncomingMessage): boolean {
  const [, scope = '', names = '', signature] =
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    ) ?? [];
  const signed = names.split(';');
  const all = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-') || name === 'if-none-match')];
  if (all.some((name) => !signed.includes(name))) return false;
  const lines = signed.map((name) => `${name}:${String(headers[name]).trim()}\n`).join('');
  const request = [method, encoded(url ?? ''), '', lines, names, headers['x-amz-content-sha256']].join('\n');
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, hash('sha256', request)].join('\n');
  const key = scope
    .split('/')
    .reduce<Buffer>(
      (before, part) => createHmac('sha256', before).update(part).digest(),
      Buffer.from(`AWS4${secretKey}`),
    );
  return createHmac('sha256', key).update(text).digest('hex') === signature;
}

/** As it is signed: everything but letters, digits and "-._~" escaped, however it came. */
const encoded = (path: string) =>
  path
    .split('/')
    .map((name) => encodeURIComponent(decodeURIComponent(name)).replaceAll(/[!'()*]/g, escaped))
    .join('/');
const escaped = (char: string) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
