import type { IstioCsrFlag, IstioCsrValues } from './line.ts';

/** Whether istio-csr's own issuer flags name one. */
export function staticIssuer(values: IstioCsrValues): string | undefined {
  const { 'issuer-name': name, 'issuer-kind': kind, 'issuer-group': group } = values;
  return values['issuer-enabled'] && name !== '' ? `${kind}.${group}/${name}` : undefined;
}

/** The ConfigMap that names an issuer while the server runs; both flags make one. */
function runtimeConfigMap(values: IstioCsrValues): { configMap: string; namespace: string } | undefined {
  const { 'runtime-issuance-config-map-name': configMap, 'runtime-issuance-config-map-namespace': namespace } = values;
  return configMap === '' || namespace === '' ? undefined : { configMap, namespace };
}

/** What of the flags says that cert-manager signs, and in whose words to tell of it; undefined where none does. */
export function outsideIssuer(
  values: IstioCsrValues,
): { readonly flag: IstioCsrFlag; readonly words: string } | undefined {
  const issuer = staticIssuer(values);
  if (issuer !== undefined) return { flag: 'issuer-name', words: `cert-manager's ${issuer}` };
  const runtime = runtimeConfigMap(values);
  if (runtime === undefined) return undefined;
  return {
    flag: 'runtime-issuance-config-map-name',
    words: `the issuer that the ConfigMap ${runtime.namespace}/${runtime.configMap} names`,
  };
}

/** Fields of `certManager` that flags decide, each with the flag that says so. */
export function certManagerFields(
  values: IstioCsrValues,
): readonly { readonly field: string; readonly value: unknown; readonly flag: IstioCsrFlag }[] {
  const { 'issuer-name': name, 'issuer-kind': kind, 'issuer-group': group } = values;
  const annotations = listed(values['certificate-request-additional-annotations']);
  const fields: readonly (readonly [string, unknown, IstioCsrFlag])[] = [
    ['issuer', staticIssuer(values) === undefined ? undefined : { name, kind, group }, 'issuer-name'],
    ['runtime', runtimeConfigMap(values), 'runtime-issuance-config-map-name'],
    ['namespace', values['certificate-namespace'], 'certificate-namespace'],
    ['annotations', annotations, 'certificate-request-additional-annotations'],
    ['preserveRequests', values['preserve-certificate-requests'], 'preserve-certificate-requests'],
    ['kubeconfig', values.kubeconfig === '' ? undefined : values.kubeconfig, 'kubeconfig'],
    ['context', values.context === '' ? undefined : values.context, 'context'],
  ];
  return fields.flatMap(([field, value, flag]) => (value === undefined ? [] : [{ field, value, flag }]));
}

/** Annotations as a configuration has them; nothing where there are none. */
export function listed(annotations: ReadonlyMap<string, string>): readonly object[] | undefined {
  if (annotations.size === 0) return undefined;
  return [...annotations].map(([name, value]) => (value === '' ? { name } : { name, value }));
}
