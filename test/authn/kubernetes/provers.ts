import { ClusterProver, type ClusterProverOptions, type LocalMode } from '#authn/kubernetes/cluster-prover.ts';
import { Clusters } from '#authn/kubernetes/clusters.ts';
import { KubernetesAuthenticator } from '#authn/kubernetes/kubernetes-authenticator.ts';
import type { TokenObserver } from '#authn/kubernetes/observer.ts';
import type { Evidence } from '#issuance/ports.ts';
import type { CallerFacts } from '#policy/caller.ts';
import { parseTrustDomain } from '#spiffe/spiffe-id.ts';
import { evidence, never } from '#test/authn/oidc/issuer.ts';
import type { ScriptedCluster } from './scripted-cluster.ts';

export const modes = ['review', 'local', 'local-then-review'] as const;
export type Mode = (typeof modes)[number];
export const minute = 60_000;

/** Remembers what was counted, as `reviewed stale-view proven`. */
export class Counted implements TokenObserver {
  readonly lines: string[] = [];
  reviewed(...told: readonly string[]): void {
    this.lines.push(['reviewed', ...told].join(' '));
  }
  gotLive(...told: readonly string[]): void {
    this.lines.push(['got', ...told].join(' '));
  }
  readKeys(outcome: string): void {
    this.lines.push(`keys ${outcome}`);
  }
  servedStale(): void {
    this.lines.push('served stale');
  }
}

export interface ProverOver extends Partial<Omit<ClusterProverOptions, 'local'>> {
  readonly local?: Partial<LocalMode>;
}

/** A prover of `cluster` in `mode`, its keys read. */
export async function proverOf(cluster: ScriptedCluster, mode: Mode, over: ProverOver = {}): Promise<ClusterProver> {
  const { local, ...rest } = over;
  const prover = new ClusterProver({
    api: cluster,
    rules: { audiences: ['istio-ca'], unbound: 'refuse' },
    clock: cluster.clock,
    observer: new Counted(),
    timeoutMs: 5000,
    maxReviews: 100,
    ...(mode !== 'review' && {
      local: {
        views: cluster.views,
        staleAfterMs: 90_000,
        serveForMs: 10 * minute,
        issuers: [],
        foreignTokens: mode === 'local' ? 'refuse' : 'review',
        ...local,
      },
    }),
    ...rest,
  });
  await prover.refreshKeys();
  return prover;
}

export async function authenticatorOf(
  cluster: ScriptedCluster,
  mode: Mode,
  over: ProverOver = {},
): Promise<KubernetesAuthenticator> {
  const clusters = new Clusters({ id: 'Kubernetes', prover: await proverOf(cluster, mode, over) });
  return new KubernetesAuthenticator({ clusters, trustDomain: parseTrustDomain('cluster.local') });
}

/** The facts of the caller, or the refusal as `code: sentence`. */
export async function answerOf(
  authenticator: KubernetesAuthenticator,
  token: string,
  over: Partial<Evidence> = {},
): Promise<CallerFacts | string | undefined> {
  try {
    const given = evidence({ authorization: [`Bearer ${token}`], ...over });
    return (await authenticator.authenticate(given, never))?.facts;
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown ? `${thrown.code}: ${thrown.message}` : String(thrown);
  }
}
