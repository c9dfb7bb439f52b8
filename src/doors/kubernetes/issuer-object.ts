import { isObject } from '#kubernetes/answer.ts';
import type { KubernetesObject } from '#kubernetes/api.ts';
import { type IssuerSpec, readIssuerSpec } from './issuer-spec.ts';
import { objectText } from './object-text.ts';

/** An Issuer or ClusterIssuer of ours as the API server has it. */
export interface IssuerObject {
  /** Empty for a ClusterIssuer. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  /** Or what is wrong with it, where its definition is not ours. */
  readonly spec: IssuerSpec | { readonly fault: string };
  readonly ready: ReadyState | undefined;
}

interface ReadyState {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
}

/** Undefined for one that is being deleted. Throws Error for what no API server lets through. */
export function readIssuerObject(object: KubernetesObject): IssuerObject | undefined {
  const { metadata, status } = object;
  if (!isObject(metadata)) throw new Error('it has no metadata');
  if (metadata.deletionTimestamp !== undefined) return undefined;
  return {
    namespace: typeof metadata.namespace === 'string' ? metadata.namespace : '',
    name: objectText(metadata, 'name'),
    uid: objectText(metadata, 'uid'),
    resourceVersion: objectText(metadata, 'resourceVersion'),
    generation: numberOf(metadata.generation),
    spec: specOf(object),
    ready: readyOf(status),
  };
}

function specOf(object: KubernetesObject): IssuerObject['spec'] {
  try {
    return readIssuerSpec(object);
  } catch (thrown) {
    return { fault: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

function readyOf(status: unknown): ReadyState | undefined {
  const conditions = isObject(status) && Array.isArray(status.conditions) ? status.conditions.filter(isObject) : [];
  const found = conditions.find(({ type }) => type === 'Ready');
  if (found === undefined) return undefined;
  return {
    status: textOf(found.status),
    reason: textOf(found.reason),
    message: textOf(found.message),
    observedGeneration: numberOf(found.observedGeneration),
    lastTransitionTime: textOf(found.lastTransitionTime),
  };
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : '');
const numberOf = (value: unknown) => (typeof value === 'number' ? value : 0);
