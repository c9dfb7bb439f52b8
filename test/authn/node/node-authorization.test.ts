import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { TrustedAccounts } from '#authn/node/trusted-accounts.ts';
import { type AuthenticatorName, Caller, mintCaller } from '#policy/caller.ts';
import { parseSpiffeId } from '#spiffe/spiffe-id.ts';
import { away, Mesh, namespace, web } from './pods.ts';

const not = /^authn\.impersonation: /;
const later = /^authn\.unavailable: /;
const till = 'spiffe://cluster.local/ns/demo/sa/till';

let mesh: Mesh;
beforeEach(() => {
  mesh = new Mesh();
});

describe('the agent of a node', () => {
  it('Istio 50: gets exactly the identity of a pod that runs on its node, and stays known as who asked', async () => {
    const caller = await mesh.authorization().authorize(mesh.caller(), web);
    expect(Caller.isProven(caller)).toBe(true);
    const pod = { name: 'ztunnel-a', uid: mesh.ztunnel };
    expect(caller.facts).toMatchObject({
      identity: web,
      namespace: 'demo',
      serviceAccount: 'web',
      node: 'node-a',
      pod,
    });
    expect(caller.facts.serviceAccountUid).toBeUndefined();
    expect(caller.facts.impersonation).toMatchObject({
      by: {
        identity: 'spiffe://cluster.local/ns/istio-system/sa/ztunnel',
        namespace,
        serviceAccountUid: 'account-uid',
        node: 'node-a',
        pod,
      },
      pod: { name: 'web-1', uid: mesh.webUid },
    });
    expect(mesh.pods.requests).toEqual([]);
  });

  it('Istio 50: is told of no one pod where several run as the identity', async () => {
    mesh.pods.put('demo/web/web-2@node-a');
    const { facts } = await mesh.authorization().authorize(mesh.caller(), web);
    expect(facts).toMatchObject({ identity: web });
    expect(facts.impersonation?.pod).toBeUndefined();
  });

  it('Istio 48: gets no identity but its own where no account is trusted', async () => {
    expect(await mesh.ask(web, mesh.caller(), mesh.authorization([]))).toMatch(not);
  });

  it.each([
    ['another account', namespace, 'istiod'],
    ['the account of the same name in another namespace', 'demo', 'ztunnel'],
    ['an account whose name begins like it', namespace, 'ztunnel2'],
  ])('Istio 49: gets nothing as %s, though its pod runs there', async (_, within, serviceAccount) => {
    const pod = { name: 'agent', uid: mesh.pods.put(`${within}/${serviceAccount}/agent@node-a`) };
    expect(await mesh.ask(web, mesh.caller({ namespace: within, serviceAccount, pod }))).toMatch(not);
  });

  it('Istio 49: gets nothing as somebody without an account', async () => {
    const { serviceAccount: _a, namespace: _n, ...facts } = mesh.caller().facts;
    expect(await mesh.ask(web, mintCaller(facts))).toMatch(not);
  });

  it('Istio 51: gets nothing for who runs on another node alone', async () => {
    mesh.pods.put('demo/till/till-1@node-b');
    expect(await mesh.ask(till)).toMatch(not);
    const other = mesh.caller({ pod: { name: 'ztunnel-b', uid: mesh.other } });
    expect(await mesh.ask(till, other)).toBe(till);
    expect(await mesh.ask(web, other)).toMatch(not);
  });

  it('Istio 51: gets nothing for a pod that is on no node yet', async () => {
    mesh.pods.put('demo/till/till-1');
    expect(await mesh.ask(till)).toMatch(not);
  });

  it.each(['Failed', 'Succeeded'])('Istio 52: gets nothing for a pod that is %s', async (phase) => {
    mesh.pods.put('demo/till/till-1@node-a', { phase });
    expect(await mesh.ask(till)).toMatch(not);
    mesh.pods.put('demo/till/till-2@node-a');
    expect(await mesh.ask(till)).toBe(till);
  });

  it('Istio 52: gets the identity of a terminating pod until its grace period is over, as its own token would', async () => {
    const deletionTimestamp = new Date(mesh.pods.clock.now() + 30_000).toISOString();
    mesh.pods.put('demo/till/till-1@node-a', { deletionTimestamp });
    expect(await mesh.ask(till)).toBe(till);
    mesh.pods.clock.time += 95_000;
    mesh.pods.lastContact = mesh.pods.clock.now();
    expect(await mesh.ask(till)).toMatch(not);
  });

  describe('Istio 53: gets nothing', () => {
    it('when its token is bound to no pod', async () => {
      const { pod: _, ...facts } = mesh.caller().facts;
      expect(await mesh.ask(web, mintCaller(facts))).toMatch(not);
    });

    it('when its pod is not there', async () => {
      expect(await mesh.ask(web, mesh.caller({ pod: { name: 'ztunnel-c', uid: mesh.ztunnel } }))).toMatch(not);
    });

    it('when its pod is a later one of the same name', async () => {
      const old = mesh.caller();
      mesh.pods.put('istio-system/ztunnel/ztunnel-a@node-a');
      expect(await mesh.ask(web, old)).toMatch(not);
    });

    it('when its pod runs as another account', async () => {
      mesh.pods.put('istio-system/other/ztunnel-a@node-a', { uid: mesh.ztunnel });
      expect(await mesh.ask()).toMatch(not);
    });

    it('when its pod has ended, or is on no node', async () => {
      mesh.pods.put('istio-system/ztunnel/ztunnel-a@node-a', { uid: mesh.ztunnel, phase: 'Failed' });
      expect(await mesh.ask()).toMatch(not);
      mesh.pods.clock.time += 2000;
      mesh.pods.put('istio-system/ztunnel/ztunnel-a', { uid: mesh.ztunnel, phase: 'Pending' });
      expect(await mesh.ask()).toMatch(not);
      mesh.pods.put('demo/till/till-1');
      expect(await mesh.ask(till)).toMatch(not);
    });
  });

  it('Istio 54: gets nothing in a foreign trust domain, and whatever it wants in an alias of ours', async () => {
    const foreign = 'spiffe://old.example/ns/demo/sa/web';
    expect(await mesh.ask(foreign)).toMatch(not);
    expect(await mesh.ask(foreign, mesh.caller(), mesh.authorization(undefined, ['old.example']))).toBe(foreign);
  });

  it.each([
    'spiffe://cluster.local/ns//sa/web',
    'spiffe://cluster.local/ns/demo/sa/',
    'spiffe://cluster.local/ns/demo/sa',
    'spiffe://cluster.local/ns/demo/sa/web/more',
    'spiffe://cluster.local/ns/demo/sa/web/',
    'spiffe://cluster.local/sa/web/ns/demo',
    'spiffe://cluster.local/ns/demo/xx/web',
    'spiffe://cluster.local/ns/demo/../demo/sa/web',
    'spiffe://cluster.local/ns/DEMO/sa/web',
    'spiffe://cluster.local/ns/demo/sa/web,spec.nodeName=node-b',
    'SPIFFE://cluster.local/ns/demo/sa/web',
    'https://cluster.local/ns/demo/sa/web',
    'cluster.local/ns/demo/sa/web',
    ' spiffe://cluster.local/ns/demo/sa/web',
    'spiffe://cluster.local/ns/demo/sa/web\n',
    'spiffe:///ns/demo/sa/web',
    '',
  ])('Istio 55: gets nothing for %j', async (wanted) => {
    expect(await mesh.ask(wanted)).toMatch(not);
    expect(mesh.pods.requests).toEqual([]);
  });

  it('Istio 54, 55: gets, of all texts that look like an identity, those of exactly its form and node', async () => {
    const part = fc.constantFrom('ns', 'sa', 'demo', 'web', 'till', '', '.', '..', 'a/b', 'Web', 'web\0', '%2e');
    const td = fc.constantFrom('cluster.local', 'cluster.local.', 'other', 'Cluster.local', '', 'cluster.local:1');
    const looksLike = fc
      .tuple(fc.constantFrom('spiffe://', 'spiffe:/', 'http://'), td, fc.array(part, { maxLength: 6 }))
      .map(([scheme, name, parts]) => `${scheme}${[name, ...parts].join('/')}`);
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.constant(web), looksLike, fc.string()), async (wanted) => {
        const answer = await mesh.ask(wanted);
        expect(answer === wanted).toBe(wanted === web);
        if (wanted !== web) expect(answer).toMatch(not);
      }),
      { numRuns: 500 },
    );
  });

  it.each(['client-cert', 'oidc', 'xfcc', 'kubernetes-object'] satisfies AuthenticatorName[])(
    'Istio 56: gets nothing when it is known by %s, with or without the facts of a pod',
    async (authenticator) => {
      expect(await mesh.ask(web, mesh.caller({ authenticator }))).toMatch(not);
      const identity = parseSpiffeId('spiffe://cluster.local/ns/istio-system/sa/ztunnel');
      expect(await mesh.ask(web, mintCaller({ identity, authenticator, credential: {} }))).toMatch(not);
    },
  );

  it('Istio 59: is let by the pods of its own cluster alone, however those of another are called', async () => {
    const remote = mesh.add('remote');
    expect(await mesh.ask(web, mesh.caller({ cluster: 'remote' }))).toMatch(not);
    remote.clock.time += 2000;
    remote.put('istio-system/ztunnel/ztunnel-a@node-a', { uid: mesh.ztunnel });
    expect(await mesh.ask(web, mesh.caller({ cluster: 'remote' }))).toMatch(not);
    mesh.pods.remove('istio-system', 'ztunnel-a');
    remote.clock.time += 2000;
    remote.put('demo/web/web-1@node-a');
    expect(await mesh.ask(web, mesh.caller({ cluster: 'remote' }))).toBe(web);
    expect(await mesh.ask()).toMatch(not);
    expect(await mesh.ask(web, mesh.caller({ cluster: 'gone' }))).toMatch(not);
  });

  it('may be told to come again, and is told so for what it may not have anyway only where that has to be asked', async () => {
    mesh.pods.outage = away;
    expect(await mesh.ask('spiffe://other/ns/demo/sa/web')).toMatch(not);
    expect(await mesh.ask(web, mesh.caller({ serviceAccount: 'istiod' }))).toMatch(not);
    expect(await mesh.ask(till)).toMatch(later);
  });
});

describe('the list of trusted accounts', () => {
  it.each([
    'ztunnel',
    'istio-system/',
    '/ztunnel',
    'a/b/c',
    'istio-system/ZTunnel',
    'istio-system/*',
    ' a/b',
    '*/*',
    '',
  ])('does not take %j', (entry) => {
    expect(() => new TrustedAccounts(['istio-system/ztunnel', entry])).toThrow();
  });

  it('has what is written in it and nothing else', () => {
    const trusted = new TrustedAccounts(['istio-system/ztunnel']);
    fc.assert(
      fc.property(fc.constantFrom('istio-system', 'a', ''), fc.constantFrom('ztunnel', 'b', ''), (within, name) => {
        const expected = within === 'istio-system' && name === 'ztunnel';
        expect(trusted.has({ namespace: within, serviceAccount: name })).toBe(expected);
      }),
    );
  });
});
