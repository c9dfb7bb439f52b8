import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairGate } from '#issuance/fairness/gate.ts';
import { namespaceOf, Tenants } from '#issuance/fairness/tenants.ts';
import { callerOf, Dial } from './callers.ts';
import { generous } from './limits.ts';

const id = (namespace: string, account: string) => `spiffe://cluster.local/ns/${namespace}/sa/${account}`;

describe('whom the limits know', () => {
  it('are never more than the bounds, whoever asks in whatever names', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(3), fc.nat(40), fc.nat(40), fc.nat(60), fc.nat(20)), { maxLength: 600 }),
        (asks) => {
          const tenants = new Tenants({ accounts: 20, nodes: 10 });
          let now = 1000;
          for (const [cluster, namespace, account, node, debt] of asks) {
            now++;
            const tenant = tenants.account(`c${cluster}`, id(`n${namespace}`, `a${account}`), now);
            for (let at = tenant; at.above !== undefined; at = at.above) at.fullAt = Math.max(at.fullAt, now + debt);
            const machine = tenants.node(`c${cluster}`, `m${node}`, now);
            if (machine !== undefined) machine.fullAt = now + debt;
            expect(tenants.known.accounts + tenants.known.nodes).toBeLessThanOrEqual(30);
          }
        },
      ),
    );
  });

  it('are never forgotten while they owe something, however many others come', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 19 }), fc.integer({ min: 20, max: 500 }), (debtors, crowd) => {
        const tenants = new Tenants({ accounts: 20, nodes: 20 });
        const owing = Array.from({ length: debtors }, (_, at) => tenants.account('c', id('loop', `a${at}`), 1000));
        for (const tenant of owing) tenant.fullAt = 5000;
        for (let at = 0; at < crowd; at++) tenants.account('c', id(`n${at}`, 'x'), 2000);
        for (const [at, tenant] of owing.entries())
          expect(tenants.account('c', id('loop', `a${at}`), 3000)).toBe(tenant);
      }),
    );
  });

  it('a namespace that owes is not forgotten with its last service account', () => {
    const tenants = new Tenants({ accounts: 2, nodes: 2 });
    const loop = tenants.account('c', id('loop', 'a'), 1000);
    if (loop.above !== undefined) loop.above.fullAt = 5000;
    for (let at = 0; at < 20; at++) tenants.account('c', id(`n${at}`, 'x'), 2000);
    expect(tenants.account('c', id('loop', 'a'), 3000)).toBe(loop);
    for (let at = 0; at < 20; at++) tenants.account('c', id(`n${at}`, 'x'), 6000);
    expect(tenants.account('c', id('loop', 'a'), 6000)).not.toBe(loop);
  });

  it('when all owe, a stranger is held by what is known above it and refused for nobody else', () => {
    const dial = new Dial();
    const slow = { perSecond: 0.01, burst: 2 };
    const limits = { ...generous, keptForRenewals: 0, serviceAccount: slow, node: slow };
    const gate = new FairGate(limits, dial, { accounts: 10, nodes: 3 });
    for (let at = 0; at < 10; at++)
      gate.enter(callerOf({ cluster: 'c', namespace: 'loop', account: `a${at}`, node: `m${at}` }));
    for (let at = 0; at < 50; at++) {
      gate.enter(callerOf({ cluster: 'c', namespace: 'loop', account: 'one-more', node: 'm9' }));
      gate.enter(callerOf({ cluster: 'c', namespace: 'other' }));
      gate.enter(callerOf({ cluster: 'd', namespace: 'other', node: 'm' }));
    }
    expect(gate.held).toBe(160);
  });

  it('are forgotten for others once they owe nothing', () => {
    const tenants = new Tenants({ accounts: 8, nodes: 8 });
    const names = new Set<string>();
    for (let at = 0; at < 100; at++) names.add(tenants.account('c', id(`n${at}`, 'x'), 1000 + at).name);
    expect(names.size).toBe(100);
    expect(tenants.known.accounts + tenants.known.nodes).toBe(8);
  });
});

it.each([
  ['spiffe://cluster.local/ns/demo/sa/web', 'demo'],
  ['spiffe://td/team/blue/job/7', 'spiffe://td/team/blue/job'],
  ['spiffe://td/web', 'spiffe://td'],
  ['spiffe://td/ns/demo/sa/web/more', 'spiffe://td/ns/demo/sa/web'],
])('%s belongs to the namespace %s', (identity, namespace) => {
  expect(namespaceOf(identity)).toBe(namespace);
});
