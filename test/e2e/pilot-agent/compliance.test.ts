import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { identityOf, Mesh, member } from '#test/e2e/istio/mesh.ts';
import { describeWith } from '#test/oracles.ts';
import { askOpenssl } from '#test/support/judges.ts';
import { judgedChain, leafOf, PilotAgent } from './agent.ts';
import { Wiretap } from './wiretap.ts';

/** A program of thirty megabytes starts for each. */
vi.setConfig({ testTimeout: 90_000 });

const tls12 = 0x0303;
const tls13 = 0x0304;
const groups = { p256: 0x17, p384: 0x18, x25519mlkem768: 0x11ec } as const;

/** [COMPLIANCE_POLICY, groups that it offers (any where none is named), what is agreed on] */
const modes = [
  { mode: 'default', env: {}, agreed: { version: tls13, group: groups.x25519mlkem768 } },
  {
    mode: 'fips-140-2',
    env: { COMPLIANCE_POLICY: 'fips-140-2' },
    offered: [groups.p256],
    agreed: { version: tls12, group: groups.p256 },
  },
  {
    mode: 'fips-140-3',
    env: { COMPLIANCE_POLICY: 'fips-140-3' },
    offered: [groups.p256, groups.p384],
    agreed: { version: tls13, group: groups.p256 },
  },
  {
    mode: "fips-140-3 with Go's own restrictions",
    env: { COMPLIANCE_POLICY: 'fips-140-3', GODEBUG: 'fips140=only' },
    offered: [groups.p256, groups.p384],
    agreed: { version: tls13, group: groups.p256 },
  },
  {
    mode: 'pqc',
    env: { COMPLIANCE_POLICY: 'pqc' },
    offered: [groups.x25519mlkem768],
    agreed: { version: tls13, group: groups.x25519mlkem768 },
  },
];
const servers = [
  { dialect: 'istiod', servingKey: 'ec:P-256' },
  { dialect: 'istio-csr', servingKey: 'rsa:2048' },
] as const;
/** [what, environment, the key of the leaf as Node names it] */
const keys = [
  ['ECDSA P-256', { ECC_SIGNATURE_ALGORITHM: 'ECDSA' }, { asymmetricKeyType: 'ec', namedCurve: 'prime256v1' }],
  [
    'ECDSA P-384',
    { ECC_SIGNATURE_ALGORITHM: 'ECDSA', ECC_CURVE: 'P384' },
    { asymmetricKeyType: 'ec', namedCurve: 'secp384r1' },
  ],
  ['RSA 2048', {}, { asymmetricKeyType: 'rsa', modulusLength: 2048 }],
  ['RSA 4096', { WORKLOAD_RSA_KEY_SIZE: '4096' }, { asymmetricKeyType: 'rsa', modulusLength: 4096 }],
  [
    'RSA 3072 in PKCS#8',
    { WORKLOAD_RSA_KEY_SIZE: '3072', PKCS8_KEY: 'true' },
    { asymmetricKeyType: 'rsa', modulusLength: 3072 },
  ],
] as const;

describeWith(['set:pilot-agent', 'openssl'], "Istio's own agent, in its ways of compliance", (path) => {
  describe.each(servers)('with $dialect and a serving key of $servingKey', ({ dialect, servingKey }) => {
    let mesh: Mesh;
    let tap: Wiretap;
    beforeAll(async () => {
      mesh = await Mesh.start({ dialect, servingKey });
      tap = await Wiretap.on(mesh.server.istio.port);
    });
    afterAll(async () => {
      await tap?.[Symbol.asyncDispose]();
      await mesh?.[Symbol.asyncDispose]();
    });
    const agentOf = (account: string, env: Readonly<Record<string, string>>) =>
      PilotAgent.start({
        programs: path('set:pilot-agent'),
        port: tap.port,
        roots: mesh.home.path('roots.pem'),
        workload: { namespace: 'demo', serviceAccount: account },
        token: mesh.token(account),
        env,
      });

    it.each(modes)(
      'Istio 13, 14, 15, 16, 79, 85: $mode: gets key, chain and roots that fit',
      async ({ mode, env, offered, agreed }) => {
        const account = mode.replaceAll(/[^a-z0-9]+/g, '-');
        const before = tap.hellos().length;
        await using agent = await agentOf(account, { ECC_SIGNATURE_ALGORITHM: 'ECDSA', ...env });
        const held = await agent.holds();
        expect(leafOf(held).subjectAltName).toBe(`URI:${identityOf(account)}`);
        const judged = { name: mode, chain: judgedChain(held) };
        expect(askOpenssl(path('openssl'), judged)).toEqual(['leaf: OK\n', 'leaf: OK\n']);

        const [hellos, ...more] = tap.hellos().slice(before);
        expect(more).toEqual([]);
        expect(hellos).toMatchObject({ ...agreed, ...(offered && { offered }) });
        const record = mesh.all().find(({ caller }) => member(caller, 'serviceAccount') === account);
        expect(member(member(record?.peer, 'tls'), 'version')).toBe(agreed.version === tls12 ? 'TLSv1.2' : 'TLSv1.3');
      },
    );

    it.each(keys)(
      'Istio 61, 63, 67: with %s as it wants its key',
      async (what, env, { asymmetricKeyType, ...details }) => {
        const account = what.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
        await using agent = await agentOf(account, env);
        const leaf = leafOf(await agent.holds());
        expect(leaf.subjectAltName).toBe(`URI:${identityOf(account)}`);
        expect(leaf.publicKey.asymmetricKeyType).toBe(asymmetricKeyType);
        expect(leaf.publicKey.asymmetricKeyDetails).toMatchObject(details);
      },
    );
  });
});
