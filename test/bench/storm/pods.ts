import type { GoAgent } from '#test/e2e/istio/go-agents.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import {
  createNamespace,
  createNode,
  createPod,
  createServiceAccount,
  requestToken,
} from '#test/support/control-plane/objects.ts';
import type { TokenIssuer } from '#test/support/token-issuer.ts';

/** How many, and on what they are spread. */
export interface Population {
  readonly pods: number;
  readonly nodes: number;
  readonly namespaces: number;
  readonly accounts: number;
}

/** An address of this machine for each node: what leaves a node comes from one. */
const addressOf = (node: number) => `127.9.${Math.floor(node / 250)}.${1 + (node % 250)}`;
/** Requests to the API server at a time. */
const lanes = 16;

const agentOf = (namespace: string, account: string, token: string, node: number): GoAgent => ({
  identity: `spiffe://cluster.local/ns/${namespace}/sa/${account}`,
  token,
  key: 'ec:P-256',
  ttl: 86_400,
  from: addressOf(node),
});

/** Pods as objects of a real cluster, each with a token by TokenRequest that is bound to it. */
export async function realPods(
  { admin }: ControlPlane,
  { pods, nodes, namespaces, accounts }: Population,
): Promise<readonly GoAgent[]> {
  const nodesMade = await inLanes(nodes, () => createNode(admin));
  const spaces = await inLanes(namespaces, () => createNamespace(admin, { prefix: 'storm' }));
  const owners = await inLanes(accounts, (at) => createServiceAccount(admin, spaces[at % namespaces] ?? ''));
  return inLanes(pods, async (at) => {
    const owner = owners[at % accounts];
    const node = nodesMade[at % nodes];
    if (owner === undefined || node === undefined) throw new RangeError('no account or no node');
    const pod = await createPod(admin, owner, { node: node.name });
    const token = await requestToken(admin, owner, { audiences: ['istio-ca'], pod });
    return agentOf(owner.namespace, owner.name, token, at % nodes);
  });
}

/** The same crowd with tokens of an OpenID Connect issuer: no API server is asked, and nobody is bound to a pod. */
export function strangers(tokens: TokenIssuer, { pods, nodes, namespaces, accounts }: Population): readonly GoAgent[] {
  return Array.from({ length: pods }, (_, at) => {
    const owner = at % accounts;
    const [namespace, account] = [`storm-${owner % namespaces}`, `sa-${owner}`];
    return agentOf(namespace, account, tokens.token(namespace, account), at % nodes);
  });
}

async function inLanes<T>(count: number, make: (at: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const at = next++;
      made[at] = await make(at);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return made;
}
