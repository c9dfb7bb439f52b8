import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { countEnds } from '#test/support/records.ts';
import { type GoAgent, type GoOptions, runGoAgents } from './go-agents.ts';
import { identityOf, Mesh, member } from './mesh.ts';

const modes = ['default', 'fips-140-2', 'fips-140-3', 'pqc'] as const;
const servers = [
  { dialect: 'istiod', servingKey: 'ec:P-256' },
  { dialect: 'istio-csr', servingKey: 'rsa:2048' },
] as const;

describeWith(['go:istioclient'], "Istio's agent, with its own stub and retries", (path) => {
  const ask = (mesh: Mesh, agents: readonly GoAgent[], options?: GoOptions) =>
    runGoAgents(path('go:istioclient'), mesh, agents, options);
  const agentOf = (mesh: Mesh, account: string, over: Partial<GoAgent> = {}): GoAgent => ({
    identity: identityOf(account),
    token: mesh.token(account),
    key: 'ec:P-256',
    ttl: 86_400,
    ...over,
  });

  describe.each(servers)('of $dialect, with a serving key of $servingKey', (server) => {
    let mesh: Mesh;
    beforeAll(async () => {
      mesh = await Mesh.start(server);
    });
    afterAll(() => mesh[Symbol.asyncDispose]());

    it.each(modes)('Istio 13, 14, 15, 16, 61, 63, 68, 85: in the mode %s gets what it can use', async (mode) => {
      const keys = ['rsa:2048', 'ec:P-256', 'ec:P-384'] as const;
      const outcomes = await ask(
        mesh,
        keys.map((key) => agentOf(mesh, `${mode}-${key.slice(-4).toLowerCase()}`, { key })),
        { mode, rounds: 1 },
      );
      expect(outcomes).toHaveLength(3);
      for (const each of outcomes) expect(each).toMatchObject({ codes: ['OK'], rounds: 1, problem: '', message: '' });
      const own = mesh.all().filter(({ caller }) => String(member(caller, 'serviceAccount')).startsWith(`${mode}-`));
      expect(own).toHaveLength(3);
      for (const { peer } of own) {
        const tls = member(peer, 'tls');
        expect(member(tls, 'version')).toBe(mode === 'fips-140-2' ? 'TLSv1.2' : 'TLSv1.3');
        const key = server.servingKey === 'rsa:2048' ? 'RSA' : 'ECDSA';
        if (mode === 'fips-140-2') expect(member(tls, 'cipher')).toMatch(new RegExp(`^TLS_ECDHE_${key}_.*_GCM_`));
      }
    });

    it('Istio 42: with a certificate from a file and no token, as on a virtual machine, renews by it', async () => {
      const { chain, key } = await mesh.svid('machine');
      mesh.home.write('machine.pem', chain);
      mesh.home.write('machine.key', key, 0o600);
      const identity = { cert: mesh.home.path('machine.pem'), key: mesh.home.path('machine.key') };
      const outcomes = await ask(mesh, [agentOf(mesh, 'machine', { token: '' })], { identity, rounds: 1 });
      expect(outcomes).toMatchObject([{ codes: ['OK'], problem: '' }]);
    });

    it('Istio 27, 64: asks once and no more where another try mends nothing', async () => {
      const outcomes = await ask(
        mesh,
        [agentOf(mesh, 'nobody', { token: '' }), agentOf(mesh, 'forged', { token: 'a.b.c' })],
        { rounds: 1 },
      );
      for (const each of outcomes)
        expect(each).toMatchObject({ codes: ['Unauthenticated'], message: 'request authenticate failure', sha256: '' });
      const weird = await ask(mesh, [agentOf(mesh, 'long', { ttl: 100 * 86_400 })], { rounds: 1 });
      expect(weird).toMatchObject([{ codes: [server.dialect === 'istiod' ? 'InvalidArgument' : 'OK'] }]);
    });
  });

  it('tries five times within a request, each on the record, while authentication is down', async () => {
    const keys = 'http://127.0.0.1:9/jwks';
    const oidc = { issuer: 'https://tokens.test', audiences: ['istio-ca'], jwks: { url: keys } };
    await using mesh = await Mesh.start({ config: { authenticators: [{ oidc }] } });
    const [outcome] = await ask(mesh, [agentOf(mesh, 'web')], { rounds: 1 });
    expect(outcome?.codes).toEqual(Array.from({ length: 5 }, () => 'Unavailable'));
    expect(outcome?.message).toBe('authentication is unavailable, try again');
    await mesh.server.stop();
    expect(countEnds(mesh.all())).toEqual({ 'certificate.failed authn.unavailable': 5 });
  });

  it.each([
    { what: 'the limits that a mesh has', limits: {} },
    { what: 'room for four calls and 200 connections', limits: { maxConcurrentCalls: 4, maxConnections: 200 } },
  ])(
    'Istio 89, 70: a thousand starting at once, with $what, all are done through their retries',
    { timeout: 150_000 },
    async ({ limits }) => {
      await using mesh = await Mesh.start({ config: { istio: { ...listening, limits }, telemetry: quiet } });
      const agents = Array.from({ length: 1000 }, (_, at) => agentOf(mesh, `agent-${at}`));
      const outcomes = await ask(mesh, agents, { within: '100s' });
      expect(outcomes.filter(({ problem }) => problem !== '')).toEqual([]);
      const seen = outcomes.flatMap(({ codes }) => codes);
      const allowed = ['OK', 'Unavailable', 'ResourceExhausted'];
      expect([...new Set(seen)].filter((code) => !allowed.includes(code))).toEqual([]);
      expect(outcomes.every(({ codes }) => codes.at(-1) === 'OK')).toBe(true);
      expect(new Set(outcomes.map(({ serial }) => serial)).size).toBe(1000);

      await mesh.server.stop();
      const ends = mesh.all();
      const issued = ends.filter(({ type }) => type === 'certificate.issued');
      const held = new Set(outcomes.map(({ sha256 }) => sha256));
      expect(new Set(issued.map(({ certificate }) => member(certificate, 'sha256')))).toEqual(held);
      const busy = seen.filter((code) => code === 'ResourceExhausted').length;
      const counted = countEnds(ends);
      expect(counted['certificate.failed overload'] ?? 0).toBe(busy);
      expect(
        Object.keys(counted).filter((end) => !['certificate.issued', 'certificate.failed overload'].includes(end)),
      ).toEqual([]);
      if ('maxConcurrentCalls' in limits) expect(busy).toBeGreaterThan(0);
    },
  );
});

const listening = { listen: '127.0.0.1:0', serving: { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] } };
const quiet = { logs: { level: 'warn', format: 'json' } };
