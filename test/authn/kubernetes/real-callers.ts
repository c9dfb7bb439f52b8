import { vi } from 'vitest';
import { ClusterProver } from '#authn/kubernetes/cluster-prover.ts';
import { Clusters } from '#authn/kubernetes/clusters.ts';
import { KubernetesAuthenticator } from '#authn/kubernetes/kubernetes-authenticator.ts';
import { type BoundFacts, type PodFacts, readBound, readPod } from '#authn/kubernetes/object-facts.ts';
import type { Clock } from '#issuance/ports.ts';
import type { KubernetesObject } from '#kubernetes/api.ts';
import { connect } from '#kubernetes/connect.ts';
import { readKubeconfig } from '#kubernetes/kubeconfig.ts';
import { Reflector } from '#kubernetes/reflector.ts';
import { parseTrustDomain } from '#spiffe/spiffe-id.ts';
import type { Access } from '#test/support/control-plane/client.ts';
import { kubeconfig } from '#test/support/control-plane/kubeconfig.ts';
import { answerOf, Counted, type Mode, minute } from './provers.ts';

/** The system's clock, and how far it is to be put forward. */
export class MovedClock implements Clock {
  ahead = 0;
  now(): number {
    return Date.now() + this.ahead;
  }
}

/** How long a test waits for what a real cluster does by itself. */
export const patiently = { timeout: 30_000, interval: 50 };

/** A real cluster's callers, proven in each mode over one set of views. */
export class RealCallers implements AsyncDisposable {
  readonly clock = new MovedClock();
  readonly counted = new Counted();
  readonly pods: Reflector<PodFacts>;
  readonly #accounts: Reflector<BoundFacts>;
  readonly #nodes: Reflector<BoundFacts>;
  readonly #api: ReturnType<typeof connect>;
  readonly #timeoutMs: number;
  readonly #made = new Map<string, ClusterProver>();

  constructor(access: Access, { timeoutMs = 9000 } = {}) {
    this.#api = connect(readKubeconfig(kubeconfig(access), { file: 'kubeconfig', folder: '/' }));
    this.#timeoutMs = timeoutMs;
    const follow = <T>(kind: string, strip: (object: KubernetesObject) => T) => {
      const reflector = new Reflector<T>({ api: this.#api, path: `/api/v1/${kind}`, strip });
      reflector.start();
      return reflector;
    };
    this.pods = follow('pods', readPod);
    this.#accounts = follow('serviceaccounts', readBound);
    this.#nodes = follow('nodes', readBound);
  }

  /** Resolves once everything that a prover needs at the start is there. */
  async ready(): Promise<void> {
    await vi.waitFor(async () => {
      const prover = this.#prover('local', 'refuse');
      await prover.refreshKeys();
      if (prover.awaits !== undefined) throw new Error(prover.awaits);
    }, patiently);
  }

  /** The caller's facts, or the refusal's code. */
  async verdict(mode: Mode, token: string, unbound: 'refuse' | 'accept' = 'refuse'): Promise<unknown> {
    const clusters = new Clusters({ id: 'Kubernetes', prover: this.#prover(mode, unbound) });
    const authenticator = new KubernetesAuthenticator({ clusters, trustDomain: parseTrustDomain('cluster.local') });
    const answer = await answerOf(authenticator, token);
    return typeof answer === 'string' ? answer.split(':')[0] : answer;
  }

  async refreshKeys(): Promise<void> {
    await this.#prover('local', 'refuse').refreshKeys();
  }

  #prover(mode: Mode, unbound: 'refuse' | 'accept'): ClusterProver {
    const known = this.#made.get(`${mode} ${unbound}`);
    if (known !== undefined) return known;
    const views = { pods: this.pods, serviceaccounts: this.#accounts, nodes: this.#nodes };
    const foreignTokens = mode === 'local' ? 'refuse' : 'review';
    const prover = new ClusterProver({
      api: this.#api,
      rules: { audiences: ['istio-ca'], unbound },
      clock: this.clock,
      observer: this.counted,
      timeoutMs: this.#timeoutMs,
      maxReviews: 100,
      ...(mode !== 'review' && {
        local: { views, staleAfterMs: minute, serveForMs: 10 * minute, issuers: [], foreignTokens },
      }),
    });
    this.#made.set(`${mode} ${unbound}`, prover);
    return prover;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.pods.stop(), this.#accounts.stop(), this.#nodes.stop()]);
    await this.#api.close();
  }
}
