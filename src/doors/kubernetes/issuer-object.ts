import { isObject } from '#kubernetes/answer.ts';
import type { KubernetesObject } from '#kubernetes/api.ts';
import { type Condition, conditionsOf, readCondition } from './conditions.ts';
import { type IssuerSpec, readIssuerSpec } from './issuer-spec.ts';
import { objectText } from './object-text.ts';

/** An Issuer or ClusterIssuer of ours as the API server has it. */
export interface IssuerObject {
  /** Empty for a ClusterIssuer. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** RFC 3339, as all API servers write it: later ones sort later. */
  readonly createdAt: string;
  readonly generation: number;
  /** Or what is wrong with it, where its definition is not ours. */
  readonly spec: IssuerSpec | { readonly fault: string };
  readonly ready: ReadyState | undefined;
}

interface ReadyState extends Condition {
  readonly observedGeneration: number;
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
    createdAt: typeof metadata.creationTimestamp === 'string' ? metadata.creationTimestamp : '',
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
  const found = conditionsOf(status).find(({ type }) => type === 'Ready');
  return found && { ...readCondition(found), observedGeneration: numberOf(found.observedGeneration) };
}

const numberOf = (value: unknown) => (typeof value === 'number' ? value : 0);
