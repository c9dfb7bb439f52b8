import type { IstioCsrFlag, IstioCsrValues } from './line.ts';

/** Fields of the one entry `kubernetes` under `authenticators` that flags, or istio-csr's environment, decide. */
export function kubernetesFields(
  values: IstioCsrValues,
  tokenAudiences: string,
): readonly { readonly field: string; readonly value: unknown; readonly said: string }[] {
  const fields: readonly [string, unknown, IstioCsrFlag | undefined][] = [
    ['cluster', values['cluster-id'], 'cluster-id'],
    ['audiences', audiencesOf(tokenAudiences), undefined],
    ['trustedNodeAccounts', listOrNothing(values['ca-trusted-node-accounts']), 'ca-trusted-node-accounts'],
    ['kubeconfig', textOrNothing(values.kubeconfig), 'kubeconfig'],
    ['context', textOrNothing(values.context), 'context'],
  ];
  return fields.flatMap(([field, value, flag]) =>
    value === undefined ? [] : [{ field, value, said: flag === undefined ? 'TOKEN_AUDIENCES' : `--${flag}` }],
  );
}

/** istio-csr has whatever token a TokenReview vouches for; what the file says goes before this. */
export const callersUnlessTold: readonly (readonly [field: string, value: unknown])[] = [['unboundTokens', 'accept']];

/** istio-csr reads this variable with Istio's own code: names between commas. */
function audiencesOf(variable: string): readonly string[] | undefined {
  return listOrNothing(variable.split(',').map((name) => name.trim()));
}

const textOrNothing = (text: string) => (text === '' ? undefined : text);

function listOrNothing(given: readonly string[]): readonly string[] | undefined {
  const names = [...new Set(given.filter((name) => name !== ''))];
  return names.length === 0 ? undefined : names;
}
