import type { KeyObject } from 'node:crypto';
import { Failure } from '../failure.ts';
import { type IssuedChain, readIssuedChain } from './issued-chain.ts';
import { type Call, createCertificate } from './istio-client.ts';
import { generateWorkloadKey, type WorkloadKeyKind, workloadRequest } from './workload-key.ts';

export interface CertificateRequestOptions extends Omit<Call, 'csr'> {
  readonly identity: string;
  readonly keyKind: WorkloadKeyKind;
}

export type Outcome =
  | { readonly kind: 'issued'; readonly chain: IssuedChain; readonly key: KeyObject; readonly proof?: string }
  /** `refused`: asking again the same way cannot help. `unavailable`: it can. `failed`: an operator must look. */
  | { readonly kind: 'refused' | 'unavailable' | 'failed'; readonly status: string; readonly reason: string };

const kindOfStatus: Readonly<Record<string, 'refused' | 'unavailable'>> = {
  INVALID_ARGUMENT: 'refused',
  UNAUTHENTICATED: 'refused',
  PERMISSION_DENIED: 'refused',
  FAILED_PRECONDITION: 'refused',
  UNAVAILABLE: 'unavailable',
  DEADLINE_EXCEEDED: 'unavailable',
  RESOURCE_EXHAUSTED: 'unavailable',
};

/** A new key, a CSR for `identity`, one call, and the answer checked. Throws Failure `internal` for one that lies. */
export async function requestCertificate(options: CertificateRequestOptions): Promise<Outcome> {
  const key = await generateWorkloadKey(options.keyKind);
  const csr = workloadRequest(key, options.keyKind, options.identity);
  const answer = await createCertificate({ ...options, csr });
  if (!answer.ok) {
    return { kind: kindOfStatus[answer.status] ?? 'failed', status: answer.status, reason: answer.message };
  }
  const { proof } = answer;
  return {
    kind: 'issued',
    chain: checked(answer.chain, key, options.address),
    key,
    ...(proof !== undefined && { proof }),
  };
}

function checked(elements: readonly string[], key: KeyObject, address: string): IssuedChain {
  try {
    return readIssuedChain(elements, key);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Failure('internal', `${address} answered with a chain that does not hold: ${why}`, undefined, { cause });
  }
}
