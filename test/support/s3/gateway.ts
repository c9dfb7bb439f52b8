import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwsClient } from 'aws4fetch';
import type { S3Settings } from '#s3/settings.ts';
import { freePort, listens, Program } from '#test/support/control-plane/program.ts';

const accessKey = 'AKIDGATEWAY';
const secretKey = 'a-secret-that-only-this-gateway-knows';
export const region = 'eu-north-1';
const startMs = 60_000;

export interface Listed {
  readonly key: string;
  readonly versionId: string;
}

/** A real S3 server, on a folder of its own: `path` is that of the judge `set:s3`. What is asked of it here is signed by the root account. */
export class S3Gateway implements AsyncDisposable {
  readonly endpoint: string;
  readonly #folder: string;
  readonly #start: () => Program;
  readonly #port: number;
  #program: Program;
  readonly #client = new AwsClient({ accessKeyId: accessKey, secretAccessKey: secretKey, service: 's3', region });

  private constructor(path: string, folder: string, port: number, tls?: { certificate: string; key: string }) {
    this.#folder = folder;
    this.#port = port;
    this.endpoint = `http${tls ? 's' : ''}://127.0.0.1:${port}`;
    const words = ['-listen', `127.0.0.1:${port}`, '-folder', join(folder, 'gateway'), '-region', region];
    const secured = tls === undefined ? [] : ['-certificate', tls.certificate, '-key', tls.key];
    const env = { ...process.env, ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey };
    this.#start = () => new Program(join(path, 'gateway'), [...words, ...secured], join(folder, 'said'), { env });
    this.#program = this.#start();
    this.writeKeys();
  }

  static async start(path: string, tls?: { certificate: string; key: string }): Promise<S3Gateway> {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-s3-gateway-'));
    const gateway = new S3Gateway(path, folder, await freePort(), tls);
    await gateway.#ready();
    return gateway;
  }

  /** Killed where it is, and started again on what it has. */
  async killAndRestart(): Promise<void> {
    await this.#program.kill();
    this.#program = this.#start();
    await this.#ready();
  }

  #ready(): Promise<void> {
    return this.#program.ready(() => listens(this.#port), startMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.kill();
    rmSync(this.#folder, { recursive: true });
  }

  /** How one of ours is told to go there, with its keys in files. */
  settings(bucket: string): S3Settings {
    const secret = (name: string) => ({ file: join(this.#folder, name) });
    return {
      ...{ endpoint: this.endpoint, bucket, prefix: 'mesh/', region, pathStyle: true },
      accessKey: secret('access'),
      secretKey: secret('secret'),
    };
  }

  /** The same for clients of others. */
  asClientsAreTold() {
    const { protocol, host } = new URL(this.endpoint);
    return { scheme: protocol.replace(':', ''), host, region, accessKey, secretKey };
  }

  writeKeys(access = accessKey, secret = secretKey): void {
    writeFileSync(join(this.#folder, 'access'), `${access}\n`, { mode: 0o600 });
    writeFileSync(join(this.#folder, 'secret'), `${secret}\n`, { mode: 0o600 });
  }

  /** Of plain HTTP alone. */
  ask(method: string, path: string, more: RequestInit = {}): Promise<Response> {
    return this.#client.fetch(`${this.endpoint}/${path}`, { method, ...more });
  }

  /** With object lock, and so with versions. */
  async makeBucket(name: string): Promise<void> {
    const made = await this.ask('PUT', name, { headers: { 'x-amz-bucket-object-lock-enabled': 'true' } });
    if (!made.ok) throw new Error(`bucket ${name}: ${made.status} ${await made.text()}`);
  }

  /** Every version of every object, by key. */
  async versions(bucket: string): Promise<readonly Listed[]> {
    const said = await (await this.ask('GET', `${bucket}?versions=`)).text();
    if (/<IsTruncated>true/.test(said)) throw new Error('more objects than one page has');
    const versions = said.matchAll(/<Version>.*?<\/Version>/gs);
    return Array.from(versions, ([version]) => ({
      key: fieldIn(version, 'Key'),
      versionId: fieldIn(version, 'VersionId'),
    })).toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  async read(bucket: string, key: string): Promise<Buffer> {
    const got = await this.ask('GET', `${bucket}/${key}`);
    if (!got.ok) throw new Error(`${key}: ${got.status}`);
    return Buffer.from(await got.arrayBuffer());
  }
}

const fieldIn = (xml: string, name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? '';
