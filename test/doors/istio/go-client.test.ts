import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { Refusal } from '#refusal/refusal.ts';
import { describeWith } from '#test/oracles.ts';
import { asFiles, type Mesh, makeMesh, type OpenDoor, openDoor } from './fixture.ts';

interface Report {
  readonly answers: readonly { readonly code: string; readonly message: string; readonly chain?: readonly string[] }[];
  readonly version: string;
  readonly suite: string;
  readonly resumed: boolean;
}

const run = promisify(execFile);

describeWith(['go:istioclient'], "gRPC-Go, as Istio's agent uses it", (judge) => {
  const meshes = new Map<string, Mesh>();
  beforeAll(async () => {
    meshes.set('ec', await makeMesh('ec'));
    meshes.set('rsa', await makeMesh('rsa'));
  });

  const meshOf = (kind: string): Mesh => {
    const mesh = meshes.get(kind);
    if (mesh === undefined) throw new Error(`no mesh ${kind}`);
    return mesh;
  };

  async function ask(open: OpenDoor, ...options: readonly string[]): Promise<Report> {
    const { roots = '' } = asFiles({ roots: open.mesh.root.pem });
    const { stdout } = await run(judge('go:istioclient'), [
      ...['-address', `127.0.0.1:${open.port}`, '-roots', roots, '-timeout', '5s'],
      ...options,
    ]);
    return JSON.parse(stdout) as Report;
  }

  const modes: readonly (readonly [string, string, string, string])[] = [
    ['13', 'default', 'TLS 1.3', ''],
    ['13', 'x25519', 'TLS 1.3', ''],
    ['13', 'p256', 'TLS 1.3', ''],
    ['14', 'fips-140-2', 'TLS 1.2', 'GCM'],
    ['15', 'fips-140-3', 'TLS 1.3', ''],
    ['15', 'p384', 'TLS 1.3', ''],
    ['16', 'pqc', 'TLS 1.3', ''],
  ];
  describe.each(['ec', 'rsa'])('with an %s serving key', (kind) => {
    it.each(modes)('Istio %s: mode %s is served over %s', async (_, mode, version, suite) => {
      await using open = await openDoor(meshOf(kind));
      const report = await ask(open, '-mode', mode);
      expect(report.answers.map(({ code }) => code)).toEqual(['OK']);
      expect(report.version).toBe(version);
      expect(report.suite).toContain(suite);
      if (mode === 'fips-140-2') expect(report.suite).toContain(kind === 'rsa' ? 'ECDHE_RSA' : 'ECDHE_ECDSA');
    });

    it('Istio 17: TLS 1.1 is refused', async () => {
      await using open = await openDoor(meshOf(kind));
      expect((await ask(open, '-mode', 'tls11')).answers[0]?.code).toBe('Unavailable');
    });
  });

  it("Istio 1, 2, 79, 80, 81, 82: the answer through Istio's own generated client", async () => {
    await using open = await openDoor(meshOf('ec'));
    const { csr = '' } = asFiles({ csr: 'the PEM' });
    const report = await ask(
      open,
      '-csr',
      csr,
      '-ttl',
      '1234',
      '-header',
      'authorization=Bearer t',
      '-header',
      'clusterid=k',
    );
    const chain = report.answers[0]?.chain ?? [];
    expect(chain).toEqual([open.mesh.workload.pem, open.mesh.intermediate.pem, open.mesh.root.pem]);
    const [leaf, intermediate, root] = chain.map((pem) => new X509Certificate(pem));
    expect(intermediate && leaf?.verify(intermediate.publicKey)).toBe(true);
    expect(root && intermediate?.verify(root.publicKey)).toBe(true);
    expect(open.issuance.requests).toMatchObject([
      {
        csr: 'the PEM',
        wish: { ttl: 1234n },
        evidence: { authorization: ['Bearer t'], clusterId: ['k'] },
      },
    ]);
  });

  it('Istio 29: two authorization values both arrive', async () => {
    await using open = await openDoor(meshOf('ec'));
    await ask(open, '-header', 'authorization=Basic x', '-header', 'authorization=Bearer y');
    expect(open.issuance.requests[0]?.evidence.authorization).toEqual(['Basic x', 'Bearer y']);
  });

  it('Istio 21: an empty client certificate message is welcome', async () => {
    await using open = await openDoor(meshOf('ec'));
    expect((await ask(open)).answers[0]?.code).toBe('OK');
    expect(open.issuance.requests[0]?.evidence.clientCertificate).toBeUndefined();
  });

  it('Istio 42: a client certificate arrives as evidence', async () => {
    await using open = await openDoor(meshOf('ec'));
    const { workload, intermediate } = open.mesh;
    const { cert = '', key = '' } = asFiles({ cert: workload.pem + intermediate.pem, key: workload.keyPem });
    expect((await ask(open, '-cert', cert, '-key', key)).answers[0]?.code).toBe('OK');
    expect(open.issuance.requests[0]?.evidence.clientCertificate).toHaveLength(2);
  });

  it('Istio 10: 128 calls at once on one connection are all served', async () => {
    await using open = await openDoor(meshOf('ec'));
    const report = await ask(open, '-n', '512', '-concurrency', '128');
    expect(new Set(report.answers.map(({ code }) => code))).toEqual(new Set(['OK']));
  });

  it('Istio 89: many connections at once see OK, Unavailable or ResourceExhausted and nothing else', async () => {
    await using open = await openDoor(meshOf('ec'), { limits: { maxConcurrentCalls: 2 } });
    open.issuance.answer = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return open.mesh.issued;
    };
    const report = await ask(open, '-n', '200', '-concurrency', '50', '-connections', '20');
    const seen = new Set(report.answers.map(({ code }) => code));
    expect([...seen].filter((code) => !['OK', 'Unavailable', 'ResourceExhausted'].includes(code))).toEqual([]);
    expect(seen).toContain('OK');
  });

  it('Istio 27, 64: codes and texts of refusals', async () => {
    await using open = await openDoor(meshOf('ec'));
    open.issuance.answer = () => Promise.reject(new Refusal('authn.failed', 'a reason'));
    expect((await ask(open)).answers).toEqual([{ code: 'Unauthenticated', message: 'request authenticate failure' }]);
    open.issuance.answer = () => Promise.reject(new Refusal('csr.pem', 'no PEM block'));
    expect((await ask(open)).answers).toEqual([
      { code: 'InvalidArgument', message: 'CSR signing error (no PEM block)' },
    ]);
  });
});
