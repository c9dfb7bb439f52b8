/** What was found of an istio-csr: its flags, and what else its server would not see. */
export interface Found {
  /** As they would stand on its command line. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What was given of the chart's values, by key with dots; absent where a Deployment was looked at. */
  readonly values?: ReadonlyMap<string, unknown>;
  /** Things that belong to the Deployment, not to the server: `replicaCount`. */
  readonly elsewhere: readonly string[];
  /** Sentences about what is not known here. */
  readonly unknown: readonly string[];
  /** Sentences about what will differ because of how it was installed. */
  readonly differs: readonly string[];
}
