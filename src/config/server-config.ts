import type { FairnessLimits } from '#issuance/fairness/limits.ts';
import type { SinkSettings } from '#sinks/settings.ts';
import type { TrustDomain } from '#spiffe/spiffe-id.ts';
import type { ApiConfig } from './sections/api.ts';
import type { AuditConfig } from './sections/audit.ts';
import type { AuthenticatorConfig } from './sections/authenticators.ts';
import type { ClusterRequestsConfig } from './sections/cluster-requests.ts';
import type { DistributionConfig } from './sections/distribution.ts';
import type { AdminConfig, IstioConfig } from './sections/doors.ts';
import type { IssuerConfig } from './sections/issuers.ts';
import type { RevocationConfig } from './sections/revocation.ts';
import type { TelemetryConfig } from './sections/telemetry.ts';
import type { WitnessConfig } from './sections/witness.ts';

/** The configuration as the composition root uses it: paths absolute, lengths of time in ms unless named otherwise. */
export interface ServerConfig {
  readonly trustDomain: TrustDomain;
  readonly trustDomainAliases: readonly TrustDomain[];
  readonly instance: { readonly name: string };
  readonly istio: IstioConfig;
  readonly admin: AdminConfig;
  readonly fairness: FairnessLimits;
  /** In the order in which they are asked; never empty. */
  readonly authenticators: readonly AuthenticatorConfig[];
  /** Never empty; names are unique. */
  readonly issuers: readonly IssuerConfig[];
  readonly defaultIssuer: string;
  readonly trustBundle: {
    /** How long a root stays that left the files, ms; 0 lets go at once. */
    readonly overlapMs: number;
  };
  /** Absent: no objects of a cluster are answered. */
  readonly clusterRequests?: ClusterRequestsConfig;
  /** Absent: nothing can be revoked. */
  readonly revocation?: RevocationConfig;
  /** Absent: no log of others is witnessed here. */
  readonly witness?: WitnessConfig;
  /** Absent: the admin API is not served. */
  readonly api?: ApiConfig;
  /** Files; never empty. */
  readonly policies: readonly string[];
  readonly audit: AuditConfig;
  /** Names are unique. */
  readonly exports: readonly SinkSettings[];
  /** Absent: nothing watches the log. `rules`: files and folders. */
  readonly detection?: { readonly rules: readonly string[] };
  /** Absent: nothing is written into a cluster. */
  readonly distribution?: DistributionConfig;
  readonly csr: { readonly blocklists: readonly string[]; readonly newRequestLabel: 'accept' | 'refuse' };
  readonly fips: { readonly level: 'off' | 'policy' };
  readonly telemetry: TelemetryConfig;
  readonly shutdown: { readonly graceMs: number };
}
