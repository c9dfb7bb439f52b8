import type { KubernetesApi } from '#kubernetes/api.ts';

/** ms that handing back a lease may take: a pod's drain comes after it. */
const farewellMs = 3_000;

/** Ends what was done at an API server. Of one that hangs nobody takes leave: the lease runs out by itself. */
export async function takeLeave(api: KubernetesApi, end: () => Promise<void>): Promise<void> {
  const enough = setTimeout(() => void api.close(), farewellMs);
  await end();
  clearTimeout(enough);
}
