import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { repository } from '#test/oracles.ts';
import { testAuthority } from '#test/support/software-ca.ts';
import { countersign, parsed, run, scratch } from './run-cli.ts';

type Answer = { readonly chain: readonly string[] } | { readonly code: number; readonly details: string };

/** A server that answers what a test tells it: answers that a sound CA would never give. */
const server = new Server();
const folder = scratch();
let answer: Answer = { chain: [] };
let address = '';
let asked: { authorization: readonly unknown[]; csr: string; ttl: string } | undefined;

const service = loadSync(join(repository, 'proto/istio/v1/auth/ca.proto'))['istio.v1.auth.IstioCertificateService'];

beforeAll(async () => {
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${folder}/key -out ${folder}/tls -subj /CN=t -addext subjectAltName=IP:127.0.0.1`;
  await run('openssl', words.split(' '));
  if (service === undefined || 'format' in service) throw new Error('no such service');
  server.addService(service, {
    CreateCertificate: (call: Call, respond: (error: object | null, value?: object) => void) => {
      const { csr, validityDuration } = call.request;
      asked = { authorization: call.metadata.get('authorization'), csr, ttl: String(validityDuration) };
      if ('chain' in answer) respond(null, { certChain: answer.chain });
      else respond(answer);
    },
  });
  const pair = { private_key: readFileSync(join(folder, 'key')), cert_chain: readFileSync(join(folder, 'tls')) };
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(null, [pair]), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  address = `127.0.0.1:${port}`;
});
afterAll(() => server.forceShutdown());
beforeEach(() => {
  asked = undefined;
});

interface Call {
  readonly request: { readonly csr: string; readonly validityDuration: unknown };
  readonly metadata: { get(name: string): readonly unknown[] };
}

const issue = (words: readonly string[] = []) =>
  countersign([
    ...['issue', '--address', address, '--ca-root', join(folder, 'tls')],
    ...['--identity', 'spiffe://cluster.local/ns/demo/sa/web', '--json', ...words],
  ]);

describe('issue tells by its exit code what to do about', () => {
  it.each([
    ['PERMISSION_DENIED', 1, 'refused'],
    ['UNAUTHENTICATED', 1, 'refused'],
    ['INVALID_ARGUMENT', 1, 'refused'],
    ['UNAVAILABLE', 4, 'unavailable'],
    ['RESOURCE_EXHAUSTED', 4, 'unavailable'],
    ['DEADLINE_EXCEEDED', 4, 'unavailable'],
    ['INTERNAL', 5, 'failed'],
    ['UNIMPLEMENTED', 5, 'failed'],
  ] as const)('%s: exit %d', async (name, exit, outcome) => {
    answer = { code: status[name], details: 'because \u001b[31mof this' };
    const ran = await issue();
    expect(ran.code).toBe(exit);
    expect(parsed(ran)).toMatchObject({ outcome, status: name, reason: 'because \u001b[31mof this' });
  });
});

describe('issue does not believe', () => {
  const root = testAuthority({ commonName: 'Test root', kind: 'ec:P-384' });
  const other = testAuthority({ commonName: 'Other root', kind: 'ec:P-384' });
  const stranger = testAuthority({ commonName: 'Somebody else', issuer: root, trustDomain: 'cluster.local' });

  it.each([
    ['an empty chain', [], 'no certificate chain'],
    ['a leaf alone', [stranger.pem], 'no certificate chain'],
    ['a leaf for another key', [stranger.pem, root.pem], 'another key than the CSR'],
    ['text in place of certificates', ['hello', other.pem], 'no leaf'],
  ])('%s: exit 5, and nothing is kept', async (_, chain, message) => {
    answer = { chain };
    const { code, stdout, stderr } = await issue(['--out', join(folder, 'never')]);
    expect([code, stdout]).toEqual([5, '']);
    expect(stderr).toContain(message);
    expect((await run('ls', [join(folder, 'never')])).code).not.toBe(0);
  });
});

describe('issue sends', () => {
  it('the token without its newline, the lifetime in seconds, and a CSR that OpenSSL verifies', async () => {
    answer = { code: status.PERMISSION_DENIED, details: 'no' };
    const { code } = await run('sh', ['-c', `printf 'a.b.c\\n' > ${join(folder, 'token')}`]);
    expect(code).toBe(0);
    await issue(['--token-file', join(folder, 'token'), '--ttl', '15m', '--key-type', 'rsa:2048']);
    expect(asked).toMatchObject({ authorization: ['Bearer a.b.c'], ttl: '900' });
    const read = await run('openssl', ['req', '-verify', '-noout', '-text'], { input: asked?.csr ?? '' });
    expect(read.stderr).toContain('verify OK');
    expect(read.stdout).toContain('URI:spiffe://cluster.local/ns/demo/sa/web');
  });

  it('no authorization at all where it has no token', async () => {
    answer = { code: status.UNAUTHENTICATED, details: 'no' };
    expect((await issue()).code).toBe(1);
    expect(asked).toMatchObject({ authorization: [], ttl: '0' });
  });
});
