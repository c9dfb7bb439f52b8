import { parseDuration } from '#document/scalars.ts';
import { annotationsOf } from './annotations.ts';
import type { PathFrom } from './resolve-key.ts';
import type { ServerConfigText } from './schema/server-config.ts';
import type { CertificateRequestsConfig, CertManagerIssuerConfig, OwnIntermediateConfig } from './sections/issuers.ts';

type Written = NonNullable<ServerConfigText['issuers'][number]['certManager']>;

export function resolveCertManager(
  { name, roots }: { readonly name: string; readonly roots: string | undefined },
  written: Written,
  from: PathFrom,
): CertManagerIssuerConfig {
  return {
    kind: 'cert-manager',
    name,
    ...(roots !== undefined && { roots: from(roots) }),
    way: written.way,
    requests: resolveRequests(written, from),
    intermediate: resolveOwnIntermediate(written.intermediate),
  };
}

function resolveRequests(written: Written, from: PathFrom): CertificateRequestsConfig {
  const { kubeconfig, context, namespace, issuer, runtime, annotations, maxInFlight } = written;
  return {
    ...(kubeconfig !== undefined && {
      kubeconfig: { path: from(kubeconfig), ...(context !== undefined && { context }) },
    }),
    namespace,
    ...(issuer !== undefined && { issuer }),
    ...(runtime !== undefined && { runtime }),
    annotations: annotationsOf(annotations),
    preserve: written.preserveRequests,
    timeoutMs: parseDuration(written.timeout) * 1000,
    maxInFlight,
  };
}

export function resolveOwnIntermediate(written: Written['intermediate']): OwnIntermediateConfig {
  const { commonName, organization } = written.subject;
  return {
    subject: organization === undefined ? { commonName } : { commonName, organization },
    keyType: written.keyType,
    lifetimeSeconds: parseDuration(written.lifetime),
    renewAt: written.renewAt,
  };
}
