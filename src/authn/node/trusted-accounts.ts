import type { CallerFacts } from '#policy/caller.ts';
import { istioId, parseTrustDomain } from '#spiffe/spiffe-id.ts';

/** Whose pods act for the workloads of their node; each `namespace/serviceaccount`. */
export class TrustedAccounts {
  readonly #accounts: ReadonlySet<string>;

  /** Throws for an entry that is no account. */
  constructor(accounts: readonly string[]) {
    for (const account of accounts) checkAccount(account);
    this.#accounts = new Set(accounts);
  }

  has({ namespace, serviceAccount }: Pick<CallerFacts, 'namespace' | 'serviceAccount'>): boolean {
    return (
      namespace !== undefined && serviceAccount !== undefined && this.#accounts.has(`${namespace}/${serviceAccount}`)
    );
  }
}

const anyDomain = parseTrustDomain('cluster.local');

/** Throws Error unless it is `namespace/serviceaccount`, both of them names that Kubernetes takes. */
export function checkAccount(account: string): void {
  const [namespace = '', serviceAccount = '', ...more] = account.split('/');
  try {
    istioId(anyDomain, namespace, more.length > 0 ? '' : serviceAccount);
  } catch (cause) {
    throw new Error(`"${account}" is not namespace/serviceaccount, such as istio-system/ztunnel`, { cause });
  }
}
