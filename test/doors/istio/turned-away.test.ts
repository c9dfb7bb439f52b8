import http2 from 'node:http2';
import { setImmediate as turn } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { beforeAll, describe, expect, it } from 'vitest';
import type { IstioDoorOptions } from '#doors/istio/door.ts';
import { frame } from '#doors/istio/framing.ts';
import { Refusal } from '#refusal/refusal.ts';
import { encodeRequest } from './codec.ts';
import { type Mesh, makeMesh, type OpenDoor, openDoor, path } from './fixture.ts';

let mesh: Mesh;
beforeAll(async () => {
  mesh = await makeMesh();
});

const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
const message = frame(encodeRequest({ csr: 'PEM' }));

/** Sends `bytes` as one stream's whole body; resolves with its grpc-status, '' where none came. */
async function send(open: OpenDoor, bytes: Buffer, more: http2.OutgoingHttpHeaders = {}): Promise<string> {
  const session = http2.connect(`https://localhost:${open.port}`, { ca: mesh.root.pem });
  const stream = session.request({ ...headers, ...more });
  const answered = Promise.withResolvers<string>();
  stream.on('response', (answer) => answered.resolve(String(answer['grpc-status'] ?? '')));
  stream.on('error', () => answered.resolve(''));
  stream.end(bytes);
  const code = await answered.promise;
  stream.destroy();
  session.destroy();
  return code;
}

/** Opens a stream, sends part of a message and resets it. */
async function hangUp(open: OpenDoor): Promise<void> {
  const session = http2.connect(`https://localhost:${open.port}`, { ca: mesh.root.pem });
  session.on('error', () => {});
  const stream = session.request(headers, { endStream: false });
  stream.on('error', () => {});
  await new Promise<void>((resolve) => stream.write(message.subarray(0, 8), () => resolve()));
  // an answer to a ping says that the server has seen what came before it
  await new Promise<void>((resolve) => session.ping(() => resolve()));
  session.destroy();
}

async function until(test: () => boolean): Promise<void> {
  while (!test()) await turn();
}

const compressed = Buffer.from(message);
compressed[0] = 1;
const overLong = Buffer.alloc(5);
overLong.writeUInt32BE(1_000_000, 1);

const faulty = [
  { what: 'a message that is no protobuf', bytes: frame(Buffer.from('ff', 'hex')), code: 'request.malformed' },
  { what: 'no message', bytes: Buffer.alloc(0), code: 'request.malformed' },
  { what: 'two messages', bytes: Buffer.concat([message, message]), code: 'request.malformed' },
  { what: 'half a message', bytes: message.subarray(0, 9), code: 'request.malformed' },
  { what: 'a compressed message', bytes: compressed, code: 'request.encoding' },
  { what: 'a message over the maximum', bytes: overLong, code: 'request.too-large' },
];

describe('A-2: what the door turns away by itself is told exactly once', () => {
  for (const { what, bytes, code } of faulty) {
    it(`${what}: ${code}, on the record before it is answered`, async () => {
      await using open = await openDoor(mesh);
      const written = Promise.withResolvers<void>();
      open.issuance.refuse = async (attempt, refusal) => {
        open.issuance.turnedAway.push({ attempt, refusal });
        await written.promise;
        return refusal;
      };
      let answered = false;
      const answer = send(open, bytes).finally(() => (answered = true));
      await until(() => open.issuance.turnedAway.length > 0);
      expect(answered).toBe(false);
      written.resolve();
      expect(['3', '8', '12']).toContain(await answer);
      expect(open.issuance.turnedAway).toMatchObject([{ attempt: { door: 'istio' }, refusal: { code } }]);
      expect(open.issuance.requests).toEqual([]);
    });
  }

  it('and a log that cannot be written is what the caller then hears of', async () => {
    await using open = await openDoor(mesh);
    open.issuance.refuse = async () => new Refusal('log.unavailable', 'the audit log cannot be written');
    expect(await send(open, compressed)).toBe(String(status.UNAVAILABLE));
  });

  it('one too many: overload', async () => {
    await using open = await openDoor(mesh, limits({ maxConcurrentCalls: 0 }));
    expect(await send(open, message)).toBe(String(status.RESOURCE_EXHAUSTED));
    expect(open.issuance.turnedAway).toMatchObject([{ refusal: { code: 'overload' } }]);
  });

  it('one stream too many: overload', async () => {
    await using open = await openDoor(mesh, limits({ maxOpenStreams: 0 }));
    expect(await send(open, message, { traceparent: 'trace' })).toBe(String(status.RESOURCE_EXHAUSTED));
    expect(open.issuance.turnedAway).toMatchObject([
      { attempt: { traceparent: 'trace' }, refusal: { code: 'overload' } },
    ]);
  });

  it('a request that does not come whole in time: deadline', async () => {
    await using open = await openDoor(mesh, limits({ deadlineMs: 40 }));
    const session = http2.connect(`https://localhost:${open.port}`, { ca: mesh.root.pem });
    const stream = session.request(headers, { endStream: false });
    stream.write(message.subarray(0, 8));
    await until(() => open.issuance.turnedAway.length > 0);
    session.destroy();
    expect(open.issuance.turnedAway).toMatchObject([{ refusal: { code: 'deadline' } }]);
  });

  it('a caller who goes away before the request is whole: cancelled', async () => {
    await using open = await openDoor(mesh);
    await hangUp(open);
    await until(() => open.issuance.turnedAway.length > 0);
    expect(open.issuance.turnedAway).toMatchObject([{ refusal: { code: 'cancelled' } }]);
  });

  it("a request that was handed over is the sequence's to record, whatever ends it", async () => {
    await using open = await openDoor(mesh, limits({ deadlineMs: 40 }));
    open.issuance.answer = (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
    expect(await send(open, message)).toBe(String(status.UNAVAILABLE));
    expect(open.issuance.requests).toHaveLength(1);
    expect(open.issuance.turnedAway).toEqual([]);
  });
});

function limits(some: NonNullable<IstioDoorOptions['limits']>): Partial<IstioDoorOptions> {
  return { limits: some };
}
