import { plainStyle } from '#cli/terminal/style.ts';
import { table } from '#cli/terminal/table.ts';
import { allMicros, type KubernetesResult } from './kubernetes.ts';
import type { Run } from './load.ts';

/** Least rate of mode local beside plain JWTs; most CPU of it beside a TokenReview for each certificate; µs. */
export const goals = { localToJwt: 0.85, localToReviewCpu: 0.5 } as const;
/** What istio-csr was measured to take for a certificate elsewhere, all processes together, µs: the least of it. */
const istioCsrMicros = 26_000;

const right = (title: string) => ({ title, align: 'right' as const });
const whole = (value: number) => Math.round(value).toLocaleString('en');
const ms = (value: number | undefined) => (value === undefined ? '–' : value.toFixed(1));

export function kubernetesReport(results: readonly KubernetesResult[]): string {
  const columns = ['at once', 'rate/s', 'p50 ms', 'p99 ms', 'CPU', 'API CPU', 'together', 'of JWT', 'load'];
  const rows = results.flatMap((each) => [
    row('JWT', each, each.jwt, 1),
    row('local', each, each.local, each.localToJwt),
    row('review', each, each.review, each.reviewToJwt),
  ]);
  const all = table([{ title: 'tokens' }, ...columns.map(right)], rows, 100, plainStyle);
  return `${all}\n${results.map(verdict).join('\n')}\n${legend}`;
}

function row(name: string, { concurrency, loadBefore }: KubernetesResult, run: Run, toJwt: number): string[] {
  return [
    name,
    `${concurrency}`,
    whole(run.rate),
    ms(run.p50),
    ms(run.p99),
    ...[run.cpuMicros, run.othersMicros, allMicros(run)].map(whole),
    toJwt.toFixed(2),
    loadBefore.toFixed(1),
  ];
}

function verdict({ concurrency, local, localToJwt, localToReviewCpu }: KubernetesResult): string {
  const part = (istioCsrMicros / allMicros(local)).toFixed(0);
  return [
    `${concurrency} at once: local has ${localToJwt.toFixed(2)} of the rate of plain JWTs (goal ${goals.localToJwt})`,
    `${localToReviewCpu.toFixed(2)} of the CPU of a review for each (goal ${goals.localToReviewCpu})`,
    `1/${part} of istio-csr's ${istioCsrMicros / 1000} ms (goal 1/50)`,
  ].join(', ');
}

const legend = `
JWT       RS256 tokens of an OpenID Connect issuer whose keys are in a file
local     tokens of a real API server, by TokenRequest for a pod, proven here; review: by a TokenReview for each call
CPU       µs for each certificate: of the server, of kube-apiserver with etcd, and both. With JWTs the API server's is
          what it does for itself. The tokens are eight: the API server, which remembers a good one for ten seconds,
          would do some 10 % more for new ones
review    stands for istiod's way, which reviews each token too; its own signing is not measured here, ours is counted
istio-csr its figure was measured elsewhere, on other hours of such a machine
`;
