import { describe, expect, it } from 'vitest';
import { evaluate } from '#policy/decide.ts';
import { Refusal } from '#refusal/refusal.ts';
import { Mesh, web } from '#test/authn/node/pods.ts';
import { setOf } from '#test/policy/sidecar.ts';
import { questionIn } from '#test/support/rebuild.ts';
import { p256Request } from '#test/support/requests.ts';
import { readCertificate } from '#x509/certificate.ts';
import { readPem } from '#x509/pem.ts';
import { codeOf, type Ended, Rig, type RigOptions } from './rig.ts';

const till = 'spiffe://cluster.local/ns/demo/sa/till';
const ztunnel = 'spiffe://cluster.local/ns/istio-system/sa/ztunnel';

function rigOf(mesh: Mesh, options: RigOptions = {}): Rig {
  return Rig.of({ authenticate: async () => mesh.caller(), impersonation: mesh.authorization(), ...options });
}

function namesOf(ended: Ended) {
  if ('refusal' in ended) throw ended.refusal;
  return readCertificate(readPem(ended.issued.facts.leaf, ['CERTIFICATE'])).names.map(({ text }) => text);
}

describe('a request for the identity of another', () => {
  it.each(['ignore', 'exact'] as const)(
    'Istio 50: is issued with exactly that name, the names of the CSR being taken as %s',
    async (csrNames) => {
      const mesh = new Mesh();
      const rig = rigOf(mesh);
      const request = rig.request({ csr: p256Request(web).csr, wish: { impersonate: web, csrNames } });
      expect(namesOf(await rig.ask(request))).toEqual([web]);
      const pod = { name: 'ztunnel-a', uid: mesh.ztunnel };
      expect(rig.log.records).toMatchObject([
        {
          type: 'certificate.issued',
          caller: {
            authenticator: 'k8s-token',
            identity: ztunnel,
            namespace: 'istio-system',
            serviceAccountUid: 'account-uid',
            node: 'node-a',
            pod,
          },
          onBehalfOf: { identity: web, node: 'node-a', pod: { name: 'web-1', uid: mesh.webUid } },
          asked: { impersonate: web },
          certificate: { identity: web, sans: [web] },
        },
      ]);
    },
  );

  it('A-4, P-45: is decided again alike from its record', async () => {
    const rig = rigOf(new Mesh());
    await rig.ask(rig.request({ wish: { impersonate: web } }));
    const [record] = rig.log.records;
    if (record === undefined) throw new Error('no record');
    const around = { trustDomain: 'cluster.local', trustDomainAliases: [], issuers: [rig.issuer.facts] } as const;
    const question = questionIn(record, { ...around, dialect: 'istiod' });
    expect(evaluate(question, rig.policies)).toMatchObject({ identity: web, policy: 'plain' });
  });

  it('P-36: is decided by the policy of that identity, not of who asks', async () => {
    const mesh = new Mesh();
    const only = (namespace: string) =>
      rigOf(mesh, { policies: setOf({ spec: { match: { namespaces: [namespace] } } }) });
    for (const [rig, code] of [
      [only('demo'), 'issued'],
      [only('istio-system'), 'policy.no-match'],
    ] as const) {
      expect(codeOf(await rig.ask(rig.request({ wish: { impersonate: web } })))).toBe(code);
    }
  });

  it('Istio 48: is refused where nobody is trusted with it, whoever asks, and the record tells who did', async () => {
    const rig = Rig.of();
    expect(codeOf(await rig.ask(rig.request({ wish: { impersonate: web } })))).toBe('authn.impersonation');
    expect(rig.log.records).toMatchObject([
      {
        type: 'certificate.denied',
        reason: 'authn.impersonation',
        caller: { identity: web },
        asked: { impersonate: web },
      },
    ]);
    expect(rig.log.records[0]).not.toHaveProperty('onBehalfOf');
  });

  it('Istio 51: is refused for who does not run there, before the CSR is looked at', async () => {
    const rig = rigOf(new Mesh());
    const ended = await rig.ask(rig.request({ csr: 'no CSR', wish: { impersonate: till } }));
    expect(codeOf(ended)).toBe('authn.impersonation');
    expect(rig.ends).toEqual(['certificate.denied authn.impersonation']);
  });

  it('Istio 57: fails and is no denial while it cannot be told', async () => {
    const mesh = new Mesh();
    mesh.pods.synced = false;
    const rig = rigOf(mesh);
    expect(codeOf(await rig.ask(rig.request({ wish: { impersonate: web } })))).toBe('authn.unavailable');
    expect(rig.ends).toEqual(['certificate.failed authn.unavailable']);
  });

  it.each([undefined, ''])(
    'Istio 60: is none where the wish is %j: who asks gets its own, unasked',
    async (impersonate) => {
      const impersonation = { authorize: () => Promise.reject(new Refusal('internal', 'nobody is to ask')) };
      const rig = rigOf(new Mesh(), { impersonation });
      const wish = impersonate === undefined ? {} : { impersonate };
      expect(namesOf(await rig.ask(rig.request({ wish })))).toEqual([ztunnel]);
      expect(rig.log.records[0]).not.toHaveProperty('onBehalfOf');
    },
  );
});
