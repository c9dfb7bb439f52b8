import { hash } from 'node:crypto';
import type { Cluster as ApiServer } from '#kubernetes/cluster.ts';

/** What may be told of a kubeconfig: where the API server is and who vouches for it, nothing of who we are there. */
export interface Whereabouts {
  /** `https://…`; it was checked to hold no user, password or query. */
  readonly server: string;
  readonly tlsServerName?: string;
  /** SHA-256, hex, of the text of its CAs; absent where they are the system's, or in a file. */
  readonly caSha256?: string;
  readonly caFile?: string;
}

export function whereaboutsOf({ server, tlsServerName, ca }: ApiServer): Whereabouts {
  return {
    ...(ca !== undefined && ('inline' in ca ? { caSha256: hash('sha256', ca.inline, 'hex') } : { caFile: ca.file })),
    server,
    ...(tlsServerName !== undefined && { tlsServerName }),
  };
}
