import { type AuthenticatorName, type Caller, mintCaller } from '#policy/caller.ts';
import { parseSpiffeId } from '#spiffe/spiffe-id.ts';

export interface Who {
  readonly cluster?: string;
  readonly namespace: string;
  readonly account?: string;
  readonly pod?: string;
  readonly node?: string;
  readonly authenticator?: AuthenticatorName;
  /** Who acts for the one named; pod and node are then the actor's. */
  readonly by?: Who;
}

/** A proven caller with only what fairness looks at. */
export function callerOf({ cluster, namespace, account = 'default', pod, node, authenticator, by }: Who): Caller {
  return mintCaller({
    identity: parseSpiffeId(`spiffe://cluster.local/ns/${namespace}/sa/${account}`),
    authenticator: authenticator ?? 'k8s-token',
    credential: {},
    ...(cluster !== undefined && { cluster }),
    ...(pod !== undefined && { pod: { name: pod, uid: pod } }),
    ...(node !== undefined && { node }),
    ...(by !== undefined && { impersonation: { by: callerOf(by).facts } }),
  });
}

/** Stands until somebody sets it; ms. */
export class Dial {
  ms = Date.UTC(2026, 10, 21, 12);

  now(): number {
    return this.ms;
  }
}
