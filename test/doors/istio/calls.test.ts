import http2 from 'node:http2';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import { status } from '@grpc/grpc-js';
import { beforeAll, describe, expect, it } from 'vitest';
import { frame } from '#doors/istio/framing.ts';
import { statusOf } from '#doors/istio/status.ts';
import { Refusal, refusalCodes } from '#refusal/refusal.ts';
import { decodeChain, encodeRequest } from './codec.ts';
import { type Mesh, makeMesh, type OpenDoor, openDoor, path, tsClient } from './fixture.ts';

let mesh: Mesh;
beforeAll(async () => {
  mesh = await makeMesh();
});

/** A raw HTTP/2 session, for what a gRPC library would not send. */
function rawSession(open: OpenDoor): http2.ClientHttp2Session {
  // a client may repeat a header that node would rather not repeat
  const options = { ca: mesh.root.pem, strictSingleValueFields: false };
  const session = http2.connect(`https://localhost:${open.port}`, options);
  session.on('error', () => {});
  return session;
}

const grpcHeaders = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };

/** grpc-status and body of one raw stream. */
function finish(stream: http2.ClientHttp2Stream): Promise<{ status: string; http: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const body: Buffer[] = [];
    let answer = { status: '', http: 0 };
    const note = (headers: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader) => {
      answer = {
        status: String(headers['grpc-status'] ?? answer.status),
        http: Number(headers[':status'] ?? answer.http),
      };
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('data', (chunk: Buffer) => body.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => resolve({ ...answer, body: Buffer.concat(body) }));
  });
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

describe('one call', () => {
  it('Istio 1, 2, 26: CreateCertificate answers leaf, intermediate and roots to a gRPC client', async () => {
    await using open = await openDoor(mesh);
    using client = tsClient(open);
    const request = encodeRequest({ csr: 'PEM', validity_duration: '3600' });
    const answer = await client.call(request, [['authorization', 'Bearer token']]);
    expect(answer.code).toBe(status.OK);
    expect(decodeChain(answer.body ?? Buffer.alloc(0))).toEqual([
      mesh.workload.pem,
      mesh.intermediate.pem,
      mesh.root.pem,
    ]);
    expect(open.issuance.requests).toMatchObject([
      {
        door: 'istio',
        csr: 'PEM',
        wish: { ttl: 3600n, csrNames: 'ignore', ttlAbove: 'reject' },
        evidence: {
          authorization: ['Bearer token'],
          clusterId: [],
          peer: { ip: '127.0.0.1', tls: { version: 'TLSv1.3' } },
        },
      },
    ]);
  });

  it('Istio 4: an empty CertSigner is no wish for a signer, a named one is', async () => {
    await using open = await openDoor(mesh);
    using client = tsClient(open);
    const named = (name: string) =>
      encodeRequest({ csr: 'c', metadata: { fields: { CertSigner: { stringValue: name } } } });
    await client.call(named(''));
    await client.call(named('other'));
    expect(open.issuance.requests.map(({ wish }) => wish.signer)).toEqual([undefined, 'other']);
  });

  it('Istio 65, 66, 74: the dialect says what the names in a CSR and a long lifetime mean', async () => {
    await using open = await openDoor(mesh, { dialect: 'istio-csr' });
    using client = tsClient(open);
    await client.call();
    expect(open.issuance.requests[0]?.wish).toMatchObject({ csrNames: 'exact', ttlAbove: 'clamp' });
  });

  it('Istio 29: every authorization value arrives, in order', async () => {
    await using open = await openDoor(mesh);
    const session = rawSession(open);
    const stream = session.request([
      ...Object.entries(grpcHeaders).flat(),
      ...['authorization', 'Basic x', 'authorization', 'Bearer second', 'clusterid', 'a', 'clusterid', 'b'],
    ]);
    stream.end(frame(encodeRequest({ csr: 'c' })));
    expect((await finish(stream)).status).toBe('0');
    session.close();
    expect(open.issuance.requests[0]?.evidence).toMatchObject({
      authorization: ['Basic x', 'Bearer second'],
      clusterId: ['a', 'b'],
    });
  });

  it('Istio 5: an unknown method or service answers Unimplemented and the connection lives on', async () => {
    await using open = await openDoor(mesh);
    using client = tsClient(open);
    for (const to of ['/istio.v1.auth.IstioCertificateService/Other', '/nobody.Home/CreateCertificate']) {
      expect((await client.call(undefined, [], to)).code).toBe(status.UNIMPLEMENTED);
    }
    expect((await client.call()).code).toBe(status.OK);
  });

  it('Istio 6: a request over 4 MiB is ResourceExhausted, and a call beside it on the connection is not harmed', async () => {
    await using open = await openDoor(mesh);
    using client = tsClient(open);
    open.issuance.answer = async () => {
      await delay(50);
      return mesh.issued;
    };
    const beside = client.call(encodeRequest({ csr: 'small' }));
    const large = await client.call(Buffer.alloc(4 * 1024 * 1024 + 1));
    expect(large.code).toBe(status.RESOURCE_EXHAUSTED);
    expect((await beside).code).toBe(status.OK);
    expect((await client.call()).code).toBe(status.OK);
    expect(open.issuance.requests).toHaveLength(2);
  });

  const notOneMessage: readonly (readonly [string, Buffer])[] = [
    ['no message', Buffer.alloc(0)],
    ['two messages', Buffer.concat([frame(Buffer.alloc(0)), frame(Buffer.alloc(0))])],
    ['half a message', frame(Buffer.alloc(9)).subarray(0, 8)],
    ['half a header', Buffer.from('0000', 'hex')],
  ];
  it.each(notOneMessage)('a call with %s is InvalidArgument', async (_, body) => {
    await using open = await openDoor(mesh);
    const session = rawSession(open);
    const stream = session.request(grpcHeaders);
    stream.end(body);
    expect((await finish(stream)).status).toBe(String(status.INVALID_ARGUMENT));
    session.close();
    expect(open.issuance.requests).toHaveLength(0);
  });

  it('a message that is no protobuf is InvalidArgument in the istiod dialect', async () => {
    await using open = await openDoor(mesh);
    using client = tsClient(open);
    expect((await client.call(Buffer.from('0aff', 'hex'))).code).toBe(status.INVALID_ARGUMENT);
  });

  it('what is not gRPC gets an HTTP answer', async () => {
    await using open = await openDoor(mesh);
    const session = rawSession(open);
    const get = session.request({ ':path': '/' });
    expect((await finish(get)).http).toBe(405);
    const json = session.request({ ...grpcHeaders, 'content-type': 'application/json' });
    json.end('{}');
    expect((await finish(json)).http).toBe(415);
    session.close();
  });
});

describe('refusals', () => {
  const csrCodes = [
    'csr.signature',
    'csr.pem',
    'csr.malformed',
    'csr.too-large',
    'key.weak.roca',
    'ttl.too-long',
  ] as const;

  it.each(csrCodes)('Istio 64: %s is InvalidArgument for istiod and Unauthenticated for istio-csr', async (code) => {
    for (const dialect of ['istiod', 'istio-csr'] as const) {
      await using open = await openDoor(mesh, { dialect });
      using client = tsClient(open);
      open.issuance.answer = () => Promise.reject(new Refusal(code, 'the sentence'));
      const answer = await client.call();
      expect([answer.code, answer.message]).toEqual(
        dialect === 'istiod'
          ? [status.INVALID_ARGUMENT, 'CSR signing error (the sentence)']
          : [status.UNAUTHENTICATED, 'request authenticate failure'],
      );
      expect(answer.trailers.get('x-request-id')).toEqual([open.issuance.requests[0]?.id]);
    }
  });

  it('Istio 27, 36: who is not known learns nothing but that, in both dialects', async () => {
    for (const dialect of ['istiod', 'istio-csr'] as const) {
      await using open = await openDoor(mesh, { dialect });
      using client = tsClient(open);
      open.issuance.answer = () => Promise.reject(new Refusal('authn.failed', 'oidc: token expired at noon'));
      const answer = await client.call();
      expect([answer.code, answer.message]).toEqual([status.UNAUTHENTICATED, 'request authenticate failure']);
      expect(JSON.stringify(answer.trailers.getMap())).not.toContain('noon');
    }
  });

  it('Istio 35: authentication that is down is Unavailable, and which back end it was stays here', async () => {
    const down = statusOf(new Refusal('authn.unavailable', 'https://idp.internal: refused'), 'istiod', 'id');
    expect(down.code).toBe(status.UNAVAILABLE);
    expect(down.message).not.toContain('idp');
  });

  it('Istio 48 to 56: who may not act for another is told so in the words of each dialect, and not why', () => {
    const refusal = new Refusal('authn.impersonation', 'no pod runs there');
    expect([statusOf(refusal, 'istiod', 'id'), statusOf(refusal, 'istio-csr', 'id')]).toEqual([
      { code: status.UNAUTHENTICATED, message: 'request impersonation authentication failure' },
      { code: status.UNAUTHENTICATED, message: 'request authenticate failure' },
    ]);
  });

  it('Istio 12: no refusal of ours is Canceled or DeadlineExceeded, but for the caller who went away', () => {
    for (const code of refusalCodes.filter((each) => each !== 'cancelled')) {
      for (const dialect of ['istiod', 'istio-csr'] as const) {
        const made = statusOf(new Refusal(code, 'x'), dialect, 'id').code;
        expect([status.CANCELLED, status.DEADLINE_EXCEEDED, status.UNKNOWN], code).not.toContain(made);
      }
    }
  });

  it('what a retry cannot mend is not answered with a code that agents retry', () => {
    const retried: readonly number[] = [status.INTERNAL, status.UNAVAILABLE, status.RESOURCE_EXHAUSTED, status.ABORTED];
    for (const code of refusalCodes) {
      const refusal = new Refusal(code, 'x');
      // a message that is too large has gRPC's own code (Istio 6)
      if (refusal.remedy !== 'fix-request' || code === 'request.too-large') continue;
      expect(retried, code).not.toContain(statusOf(refusal, 'istiod', 'id').code);
      expect(retried, code).not.toContain(statusOf(refusal, 'istio-csr', 'id').code);
    }
    for (const code of refusalCodes) {
      const refusal = new Refusal(code, 'x');
      if (refusal.remedy === 'retry-later' && code !== 'cancelled') {
        expect(retried, code).toContain(statusOf(refusal, 'istiod', 'id').code);
      }
    }
  });

  it('an error that is no refusal is Internal and says nothing of itself', async () => {
    await using open = await openDoor(mesh);
    using client = tsClient(open);
    open.issuance.answer = () => Promise.reject(new Error('password hunter2'));
    const answer = await client.call();
    expect(answer.code).toBe(status.INTERNAL);
    expect(answer.message).not.toContain('hunter2');
  });

  it('a sentence with line breaks, per cent signs and letters beyond ASCII arrives as it was', async () => {
    await using open = await openDoor(mesh);
    using client = tsClient(open);
    const sentence = 'lifetime 100%25\nis too long: größer';
    open.issuance.answer = () => Promise.reject(new Refusal('policy.rule', sentence));
    const answer = await client.call();
    expect(answer.code).toBe(status.PERMISSION_DENIED);
    expect(answer.message).toBe(`${sentence} (request ${open.issuance.requests[0]?.id})`);
  });
});

describe('bounds', () => {
  it('Istio 87: a hung back end ends as Unavailable within the bound, and its work is told to stop', async () => {
    await using open = await openDoor(mesh, { limits: { deadlineMs: 60 } });
    using client = tsClient(open);
    const aborted: unknown[] = [];
    open.issuance.answer = (_, signal) =>
      untilAborted(signal).catch((reason: unknown) => {
        aborted.push(reason);
        throw reason;
      });
    expect((await client.call()).code).toBe(status.UNAVAILABLE);
    expect(aborted).toMatchObject([{ code: 'deadline' }]);
  });

  it('Istio 87: work that never settles at all does not hold its caller', async () => {
    await using open = await openDoor(mesh, { limits: { deadlineMs: 60 } });
    using client = tsClient(open);
    open.issuance.answer = () => new Promise(() => {});
    expect((await client.call()).code).toBe(status.UNAVAILABLE);
  });

  it('Istio 87: a request that never comes whole ends within the bound', async () => {
    await using open = await openDoor(mesh, { limits: { deadlineMs: 60 } });
    const session = rawSession(open);
    const stream = session.request(grpcHeaders, { endStream: false });
    stream.write(frame(Buffer.alloc(40)).subarray(0, 10));
    expect((await finish(stream)).status).toBe(String(status.UNAVAILABLE));
    session.close();
  });

  it('Istio 88: one hung call does not delay others on its connection', async () => {
    await using open = await openDoor(mesh);
    using client = tsClient(open);
    let release = () => {};
    open.issuance.answer = async (request) => {
      if (request.csr === 'hang') await new Promise<void>((resolve) => (release = resolve));
      return mesh.issued;
    };
    const hung = client.call(encodeRequest({ csr: 'hang' }));
    for (let i = 0; i < 5; i++) expect((await client.call()).code).toBe(status.OK);
    release();
    expect((await hung).code).toBe(status.OK);
  });

  it("a caller's own deadline is DeadlineExceeded", async () => {
    await using open = await openDoor(mesh);
    open.issuance.answer = (_, signal) => untilAborted(signal);
    const session = rawSession(open);
    const stream = session.request({ ...grpcHeaders, 'grpc-timeout': '40m' });
    stream.end(frame(Buffer.alloc(0)));
    expect((await finish(stream)).status).toBe(String(status.DEADLINE_EXCEEDED));
    session.close();
  });

  it('Istio 10, 89: past the limit the answer is ResourceExhausted at once, below it 100 calls share a connection', async () => {
    await using open = await openDoor(mesh, { limits: { maxConcurrentCalls: 100 } });
    using client = tsClient(open);
    const waiting: (() => void)[] = [];
    let full = () => {};
    const allThere = new Promise<void>((resolve) => (full = resolve));
    open.issuance.answer = async () => {
      const turn = new Promise<void>((resolve) => waiting.push(resolve));
      if (waiting.length === 100) full();
      await turn;
      return mesh.issued;
    };
    const calls = Array.from({ length: 100 }, () => client.call());
    await allThere;
    expect((await client.call()).code).toBe(status.RESOURCE_EXHAUSTED);
    for (const go of waiting) go();
    expect((await Promise.all(calls)).every(({ code }) => code === status.OK)).toBe(true);
    open.issuance.answer = async () => mesh.issued;
    expect((await client.call()).code).toBe(status.OK);
  });

  it('Istio 90: a client that goes away stops its work and frees its place', async () => {
    await using open = await openDoor(mesh, { limits: { maxConcurrentCalls: 1 } });
    const begun = new Promise<AbortSignal>((resolve) => {
      open.issuance.answer = (_, signal) => {
        resolve(signal);
        return untilAborted(signal);
      };
    });
    const session = rawSession(open);
    const stream = session.request(grpcHeaders);
    stream.on('error', () => {});
    stream.end(frame(Buffer.alloc(0)));
    const signal = await begun;
    session.destroy();
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    expect(signal.reason).toMatchObject({ code: 'cancelled' });
    open.issuance.answer = async () => mesh.issued;
    using client = tsClient(open);
    expect((await client.call()).code).toBe(status.OK);
  });

  it('Istio 9: pings during an open call bring no GOAWAY', async () => {
    await using open = await openDoor(mesh);
    let release = () => {};
    open.issuance.answer = async () => {
      await new Promise<void>((resolve) => (release = resolve));
      return mesh.issued;
    };
    const session = rawSession(open);
    let goaway = false;
    session.on('goaway', () => {
      goaway = true;
    });
    const stream = session.request(grpcHeaders);
    const ended = finish(stream);
    stream.end(frame(Buffer.alloc(0)));
    await new Promise((resolve) => session.once('connect', resolve));
    for (let i = 0; i < 50; i++) {
      await new Promise<void>((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())));
    }
    release();
    expect((await ended).status).toBe('0');
    expect(goaway).toBe(false);
    session.close();
  });

  it('more connections than allowed are not accepted', async () => {
    await using open = await openDoor(mesh, { limits: { maxConnections: 1 } });
    using first = tsClient(open);
    expect((await first.call()).code).toBe(status.OK);
    await expect(
      new Promise((resolve, reject) => {
        const socket = connect({ port: open.port, host: '127.0.0.1', ca: mesh.root.pem, servername: 'localhost' });
        socket.on('secureConnect', resolve);
        socket.on('error', reject);
        socket.on('close', () => reject(new Error('closed')));
      }),
    ).rejects.toThrow();
    expect((await first.call()).code).toBe(status.OK);
  });

  it('an idle connection is closed gracefully', async () => {
    await using open = await openDoor(mesh, { limits: { idleMs: 40 } });
    const session = rawSession(open);
    const closed = new Promise((resolve) => session.on('goaway', (code) => resolve(code)));
    const stream = session.request(grpcHeaders);
    stream.end(frame(Buffer.alloc(0)));
    expect((await finish(stream)).status).toBe('0');
    expect(await closed).toBe(http2.constants.NGHTTP2_NO_ERROR);
    session.close();
  });
});

describe('hostile bytes', () => {
  it('after a good handshake end their own connection only', async () => {
    await using open = await openDoor(mesh);
    using client = tsClient(open);
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
    const settings = Buffer.from('000000040000000000', 'hex');
    const garbage = [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.alloc(1024, 0xff),
      Buffer.concat([Buffer.from(preface), Buffer.alloc(64, 0xff)]),
      Buffer.concat([Buffer.from(preface), settings, Buffer.from('ffffff010500000001', 'hex'), Buffer.alloc(100)]),
      Buffer.concat([Buffer.from(preface), settings, Buffer.from('0000040105000000018200ff00', 'hex')]),
    ];
    for (const bytes of garbage) {
      const socket = connect({
        port: open.port,
        host: '127.0.0.1',
        ca: mesh.root.pem,
        servername: 'localhost',
        ALPNProtocols: ['h2'],
      });
      socket.on('error', () => {});
      socket.resume();
      socket.on('secureConnect', () => socket.write(bytes));
      await new Promise((resolve) => socket.on('close', resolve));
    }
    expect((await client.call()).code).toBe(status.OK);
  });

  it('streams opened and reset at once leave no work and no places behind', async () => {
    await using open = await openDoor(mesh, { limits: { maxConcurrentCalls: 4, maxOpenStreams: 64 } });
    const session = rawSession(open);
    for (let i = 0; i < 200; i++) {
      const stream = session.request(grpcHeaders);
      stream.on('error', () => {});
      stream.end(frame(Buffer.alloc(0)));
      stream.close(http2.constants.NGHTTP2_CANCEL);
    }
    await new Promise((resolve) => session.on('close', resolve).close());
    using client = tsClient(open);
    const answers = await Promise.all(Array.from({ length: 4 }, () => client.call()));
    expect(answers.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  });

  it('headers of 120 KB end the stream and not the server', async () => {
    await using open = await openDoor(mesh);
    const session = rawSession(open);
    const stream = session.request({
      ...grpcHeaders,
      authorization: `Bearer ${'a'.repeat(60_000)}`,
      x: 'b'.repeat(60_000),
    });
    stream.end(frame(Buffer.alloc(0)));
    await finish(stream).catch(() => {});
    session.destroy();
    expect(open.issuance.requests).toHaveLength(0);
    using client = tsClient(open);
    expect((await client.call()).code).toBe(status.OK);
  });
});

describe('an end', () => {
  it('Istio 91: a drain refuses new connections, lets calls in flight finish and then is over', async () => {
    const open = await openDoor(mesh);
    using client = tsClient(open);
    let release = () => {};
    const begun = new Promise<void>((resolve) => {
      open.issuance.answer = async () => {
        resolve();
        await new Promise<void>((go) => (release = go));
        return mesh.issued;
      };
    });
    const inFlight = client.call();
    await begun;
    expect(open.door.ready).toBe(true);
    const drained = open.door.drain(5000);
    expect(open.door.ready).toBe(false);
    await expect(
      new Promise((resolve, reject) => net.connect(open.port, '127.0.0.1').on('connect', resolve).on('error', reject)),
    ).rejects.toThrow('ECONNREFUSED');
    release();
    expect((await inFlight).code).toBe(status.OK);
    await drained;
  });

  it('Istio 91: a call that hangs is cut when the grace is over', async () => {
    const open = await openDoor(mesh);
    using client = tsClient(open);
    const begun = new Promise<void>((resolve) => {
      open.issuance.answer = (_, signal) => {
        resolve();
        return untilAborted(signal);
      };
    });
    const hung = client.call();
    await begun;
    await open.door.drain(30);
    expect((await hung).code).not.toBe(status.OK);
  });
});
