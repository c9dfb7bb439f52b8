import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, Metadata, type StatusObject } from '@grpc/grpc-js';
import { IstioDoor, type IstioDoorOptions } from '#doors/istio/door.ts';
import { type Attempt, type Issuance, type IssuanceRequest, type Issued, mintIssued } from '#issuance/request.ts';
import type { Refusal } from '#refusal/refusal.ts';
import { parseTrustDomain } from '#spiffe/spiffe-id.ts';
import { issue, type Keyed, makeRoot } from './pki.ts';

export const path = '/istio.v1.auth.IstioCertificateService/CreateCertificate';
export const trustDomain = parseTrustDomain('cluster.local');
export const webId = 'spiffe://cluster.local/ns/demo/sa/web';

export interface Mesh {
  readonly root: Keyed;
  readonly intermediate: Keyed;
  readonly serving: Keyed;
  readonly workload: Keyed;
  readonly issued: Issued;
}

export async function makeMesh(servingKey: 'ec' | 'rsa' = 'ec'): Promise<Mesh> {
  const root = await makeRoot('mesh root');
  const intermediate = await issue(root, 'mesh intermediate', { ca: true });
  const serving = await issue(intermediate, 'door', { dns: ['localhost'], ips: ['127.0.0.1'], key: servingKey });
  const workload = await issue(intermediate, 'workload', { uris: [webId] });
  const issued = mintIssued({
    leaf: workload.pem,
    intermediates: [intermediate.pem],
    roots: root.pem,
    leafIndex: 7,
    serial: '01',
    notAfter: 1,
  });
  return { root, intermediate, serving, workload, issued };
}

/** A sequence that stands still, refuses or answers as the test says. */
export interface FakeIssuance extends Issuance {
  readonly requests: IssuanceRequest[];
  /** What the door turned away by itself. */
  readonly turnedAway: { readonly attempt: Attempt; readonly refusal: Refusal }[];
  answer: (request: IssuanceRequest, signal: AbortSignal) => Promise<Issued>;
}

export function fakeIssuance(mesh: Mesh): FakeIssuance {
  const fake: FakeIssuance = {
    requests: [],
    turnedAway: [],
    answer: async () => mesh.issued,
    issue(request, signal) {
      fake.requests.push(request);
      return fake.answer(request, signal);
    },
    async refuse(attempt, refusal) {
      fake.turnedAway.push({ attempt, refusal });
      return refusal;
    },
  };
  return fake;
}

export interface OpenDoor extends AsyncDisposable {
  readonly door: IstioDoor;
  readonly port: number;
  readonly issuance: FakeIssuance;
  readonly mesh: Mesh;
}

export async function openDoor(mesh: Mesh, options: Partial<IstioDoorOptions> = {}): Promise<OpenDoor> {
  const issuance = fakeIssuance(mesh);
  const door = new IstioDoor({ issuance, dialect: 'istiod', trustDomain, ...options });
  door.setServingCertificate(servingOf(mesh));
  door.setClientRoots(mesh.root.pem);
  const { port } = await door.start({ host: '127.0.0.1', port: 0 });
  return { door, port, issuance, mesh, [Symbol.asyncDispose]: () => door.drain(0) };
}

export function servingOf(mesh: Mesh) {
  return { key: mesh.serving.keyPem, chain: mesh.serving.pem + mesh.intermediate.pem };
}

/** Files for programs that want paths. */
export function asFiles(texts: Readonly<Record<string, string>>): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'istio-door-'));
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => {
      const file = join(folder, name);
      writeFileSync(file, text);
      return [name, file];
    }),
  );
}

interface Outcome {
  readonly code: number;
  readonly message: string;
  readonly body?: Buffer;
  readonly trailers: Metadata;
}

export interface TsClient extends Disposable {
  call(message?: Uint8Array, headers?: readonly (readonly [string, string])[], to?: string): Promise<Outcome>;
}

export function tsClient(open: { readonly port: number; readonly mesh: Mesh }, identity?: Keyed): TsClient {
  const channel = credentials.createSsl(
    Buffer.from(open.mesh.root.pem),
    ...(identity === undefined
      ? []
      : [Buffer.from(identity.keyPem), Buffer.from(identity.pem + open.mesh.intermediate.pem)]),
  );
  const client = new Client(`localhost:${open.port}`, channel, { 'grpc.use_local_subchannel_pool': 1 });
  const asIs = (bytes: Buffer) => bytes;
  return {
    call(message = new Uint8Array(), headers = [], to = path) {
      const metadata = new Metadata();
      for (const [name, value] of headers) metadata.add(name, value);
      return new Promise((resolve) => {
        let received: Buffer | undefined;
        const calling = client.makeUnaryRequest(to, asIs, asIs, Buffer.from(message), metadata, (_, body) => {
          received = body;
        });
        calling.on('status', ({ code, details, metadata: trailers }: StatusObject) =>
          resolve({ code, message: code === 0 ? '' : details, trailers, ...(received && { body: received }) }),
        );
      });
    },
    [Symbol.dispose]: () => client.close(),
  };
}
