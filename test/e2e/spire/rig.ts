import { documentedAccess } from '#test/distribution/documented-roles.ts';
import { type Keyed, makeRoot } from '#test/doors/istio/pki.ts';
import { installKinds } from '#test/support/control-plane/cert-manager.ts';
import type { TestClient } from '#test/support/control-plane/client.ts';
import { createNamespace } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { answerOne, type Say } from './played-issuer.ts';
import { mint, type Order, type Outcome } from './player.ts';

/** A SPIRE server with the documented rights, below an issuer that a test plays: no other touches its requests. */
export interface Rig {
  readonly admin: TestClient;
  readonly namespace: string;
  /** Signs by hand. */
  readonly above: Keyed;
  /** A trust domain is a test's own: by it requests are told apart, and swept. */
  order(more?: Partial<Order>): Order;
  mint(order: Order): Promise<Outcome>;
  /** The outcome, and the request as it was made. */
  play(order: Order, say: Say): Promise<{ readonly outcome: Outcome; readonly request: unknown }>;
}

/** `program`: spireupstream. */
export async function playRig(program: string): Promise<Rig> {
  const { admin } = await sharedControlPlane();
  await installKinds(admin);
  const namespace = await createNamespace(admin, { prefix: 'spire' });
  const api = await documentedAccess(admin, { namespace }, [], 'docs/spire.md');
  const issuer = { name: 'played', kind: 'Any', group: 'ca.example.com' };
  let domains = 0;
  return {
    admin,
    namespace,
    above: await makeRoot('Above'),
    order: (more) => ({
      api,
      namespace,
      issuer,
      trustDomain: `played-${++domains}.example`,
      keyType: 'ec-p256',
      ...more,
    }),
    mint: (order) => mint(program, order),
    async play(order, say) {
      const [outcome, request] = await Promise.all([mint(program, order), answerOne(admin, order, say)]);
      return { outcome, request };
    },
  };
}
