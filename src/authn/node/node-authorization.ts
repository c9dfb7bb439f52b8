import type { Impersonation } from '#issuance/ports.ts';
import { type Caller, type CallerFacts, mintCaller } from '#policy/caller.ts';
import { Refusal } from '#refusal/refusal.ts';
import { type IstioParts, parseIstioId, parseSpiffeId, type TrustDomain } from '#spiffe/spiffe-id.ts';
import type { NodePods } from './node-pods.ts';
import type { PlacedPod } from './placed-pod.ts';
import type { TrustedAccounts } from './trusted-accounts.ts';

export interface NodeAuthorizationOptions {
  readonly trusted: TrustedAccounts;
  /** Those that an identity may be issued in. */
  readonly trustDomains: readonly TrustDomain[];
  /** The pods of a cluster by its proven id; undefined for one that is not known, or not any more. */
  readonly podsOf: (cluster: string) => NodePods | undefined;
}

/**
 * Lets a node's agent (ztunnel) ask for the identities of the workloads of that node, of its own cluster and of our
 * trust domains, and no others (contract istio-ca.md §2.8).
 */
export class NodeAuthorization implements Impersonation {
  readonly #options: NodeAuthorizationOptions;

  constructor(options: NodeAuthorizationOptions) {
    this.#options = options;
  }

  async authorize({ facts }: Caller, wanted: string): Promise<Caller> {
    this.#checkAgent(facts);
    const target = this.#readTarget(wanted);
    const pods = this.#options.podsOf(facts.cluster ?? '') ?? refuse('the pods of its cluster are not watched');
    const { nodeName: node } = await agentPod(facts, pods);
    const running = await pods.running({ ...target, node });
    if (running.length === 0) {
      refuse(`no pod of service account ${target.namespace}/${target.serviceAccount} runs on its node ${node}`);
    }
    return mintCaller(inStead(facts, wanted, target, node, running));
  }

  #checkAgent(facts: CallerFacts): void {
    const { trusted } = this.#options;
    if (facts.authenticator !== 'k8s-token') refuse('only the bearer of a Kubernetes token can be placed on a node');
    if (!trusted.has(facts)) refuse(`${facts.namespace}/${facts.serviceAccount} is not a trusted account`);
  }

  #readTarget(wanted: string): IstioParts {
    const target = parseTarget(wanted);
    if (!this.#options.trustDomains.includes(target.trustDomain)) {
      refuse(`its trust domain "${target.trustDomain}" is not one of ours`);
    }
    return target;
  }
}

function parseTarget(wanted: string): IstioParts {
  try {
    return parseIstioId(wanted);
  } catch (thrown) {
    if (thrown instanceof Refusal && thrown.code === 'identity.malformed') refuse(thrown.message);
    throw thrown;
  }
}

/** The very pod that the token is bound to: a later one of the same name may be on another node. */
async function agentPod({ namespace = '', serviceAccount, pod }: CallerFacts, pods: NodePods): Promise<PlacedPod> {
  if (pod === undefined) refuse('its token is not bound to a pod');
  const found = await pods.pod(namespace, pod);
  if (found === undefined) refuse(`its pod ${namespace}/${pod.name} is gone or has ended`);
  if (found.serviceAccountName !== serviceAccount) refuse('its pod runs as another service account');
  if (found.nodeName === '') refuse('its pod is on no node');
  return found;
}

/** Pod, node and credential stay those of who asks. */
function inStead(
  by: CallerFacts,
  wanted: string,
  { namespace, serviceAccount }: IstioParts,
  node: string,
  running: readonly PlacedPod[],
): CallerFacts {
  const { serviceAccountUid: _, ...stays } = by;
  const [only] = running;
  const pod = running.length === 1 && only !== undefined ? { name: only.name, uid: only.uid } : undefined;
  return {
    ...stays,
    identity: parseSpiffeId(wanted),
    namespace,
    serviceAccount,
    node,
    impersonation: { by: { ...by, node }, ...(pod && { pod }) },
  };
}

/** The reason is for the log; it repeats names, never a credential. */
function refuse(why: string): never {
  throw new Refusal('authn.impersonation', `another's identity is not given: ${why}`);
}
