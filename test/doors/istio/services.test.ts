import { execFile, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { HealthService } from '#doors/istio/health.ts';
import type { Outlet } from '#doors/istio/method.ts';
import { bytesField } from '#doors/istio/protobuf.ts';
import { ReflectionService } from '#doors/istio/reflection.ts';
import { describeWith, repository } from '#test/oracles.ts';
import { asFiles, type Mesh, makeMesh, type OpenDoor, openDoor } from './fixture.ts';

const service = 'istio.v1.auth.IstioCertificateService';

describeWith(['go:grpcprobe'], 'health and reflection, asked by gRPC-Go', (judge) => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await makeMesh();
  });
  const options = (open: OpenDoor) => {
    const { roots = '' } = asFiles({ roots: mesh.root.pem });
    return ['-address', `127.0.0.1:${open.port}`, '-roots', roots, '-service', service];
  };

  it('the server and its service are SERVING, another is NotFound, and reflection describes what is there', async () => {
    await using open = await openDoor(mesh);
    const { stdout } = await promisify(execFile)(judge('go:grpcprobe'), options(open));
    expect(JSON.parse(stdout)).toEqual({
      health: { '': 'SERVING', [service]: 'SERVING', nobody: 'NotFound' },
      watched: null,
      services: [service, 'grpc.health.v1.Health', 'grpc.reflection.v1.ServerReflection'],
      missing: 'no such file or symbol here',
      fields: {
        'istio.v1.auth.IstioCertificateRequest': [
          '1 csr optional string',
          '3 validity_duration optional int64',
          '4 metadata optional message',
        ],
        'istio.v1.auth.IstioCertificateResponse': ['1 cert_chain repeated string'],
      },
    });
  });

  it('Istio 91: a watcher hears NOT_SERVING when a drain begins, and then its stream ends', async () => {
    const open = await openDoor(mesh);
    const child = spawn(judge('go:grpcprobe'), [...options(open), '-watch']);
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    const ended = new Promise((resolve) => child.once('close', resolve));
    await new Promise((resolve) => child.stderr.once('data', resolve));
    await open.door.drain(5000);
    await ended;
    expect(JSON.parse(Buffer.concat(output).toString()).watched).toEqual(['SERVING', 'NOT_SERVING', 'Unavailable']);
  });
});

describeWith(['go:protoset'], 'the compiled descriptors', (judge) => {
  it('are those of the .proto files beside them', () => {
    const proto = join(repository, 'proto');
    const files = ['istio/v1/auth/ca.proto', 'grpc/health/v1/health.proto', 'grpc/reflection/v1/reflection.proto'];
    const fresh = execFileSync(judge('go:protoset'), [proto, ...files]);
    expect(fresh.equals(readFileSync(join(proto, 'services.binpb')))).toBe(true);
  });
});

describe('the health service', () => {
  function outlet(): Outlet & { readonly heard: (string | number)[] } {
    const heard: (string | number)[] = [];
    return {
      heard,
      send: (message) => heard.push(Buffer.from(message).toString('hex')),
      end: (status) => heard.push(status.code),
    };
  }
  const watchOf = (health: HealthService) => {
    const method = health.methods.get('/grpc.health.v1.Health/Watch');
    if (method?.kind !== 'streaming') throw new Error('no Watch');
    return method;
  };

  it('tells a watcher each change once, of an unknown service too', () => {
    const health = new HealthService([service]);
    const known = outlet();
    const unknown = outlet();
    watchOf(health).open(known).message(bytesField(1, service));
    watchOf(health).open(unknown).message(bytesField(1, 'nobody'));
    health.serving = true;
    health.serving = true;
    health.serving = false;
    expect(known.heard).toEqual(['0802', '0801', '0802']);
    expect(new Set(unknown.heard)).toEqual(new Set(['0803']));
  });

  it('bounds its watchers, and forgets those that left', () => {
    const health = new HealthService([]);
    const inlets = Array.from({ length: 256 }, () => watchOf(health).open(outlet()));
    const late = outlet();
    watchOf(health).open(late);
    expect(late.heard).toEqual([8]);
    for (const inlet of inlets) inlet.closed();
    const fine = outlet();
    watchOf(health).open(fine).message(Buffer.alloc(0));
    expect(fine.heard).toEqual(['0802']);
  });
});

describe('the reflection service', () => {
  it('refuses to start on a broken descriptor set', () => {
    expect(() => new ReflectionService(Buffer.from('0aff', 'hex'))).toThrow();
  });
});
