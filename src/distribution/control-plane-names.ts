/** Which istiods there are, as the names in their certificate tell. */
export interface ControlPlane {
  readonly namespace: string;
  /** `default` is the revision without a name. */
  readonly revisions: readonly string[];
  readonly additionalDnsNames: readonly string[];
}

/**
 * All names that clients of istiod look for: per revision its Service, and for the default one those of a remote control
 * plane and of the days before istiod, which istiod's own certificates carry too. The default one comes first.
 */
export function controlPlaneNames({ namespace, revisions, additionalDnsNames }: ControlPlane): readonly string[] {
  const service = (name: string) => `${name}.${namespace}.svc`;
  const own = revisions.flatMap((revision) =>
    revision === 'default' ? ['istiod', 'istiod-remote', 'istio-pilot'].map(service) : [service(`istiod-${revision}`)],
  );
  return [...new Set([...own, ...additionalDnsNames])];
}
