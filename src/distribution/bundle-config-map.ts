import { hash } from 'node:crypto';
import type { KubernetesObject } from '#kubernetes/api.ts';
import { member, textAt } from './object.ts';

/** What the ConfigMap is called and where in it the bundle stands. */
export interface BundleConfigMapNames {
  readonly name: string;
  readonly key: string;
}

/** The mark of what Istio's control plane hands out; istiod and istio-csr write the same. */
const label = 'istio.io/config';

/** Of a ConfigMap, what decides whether it is right; a cluster has one per namespace, so the bundle itself is not kept. */
export interface BundleConfigMapFacts {
  readonly bundleSha256: string;
  readonly labelled: boolean;
}

export function factsOf(object: KubernetesObject, { key }: BundleConfigMapNames): BundleConfigMapFacts {
  return {
    bundleSha256: digest(textAt(member(object, 'data'), key) ?? ''),
    labelled: textAt(member(member(object, 'metadata'), 'labels'), label) === 'true',
  };
}

export function isRight(facts: BundleConfigMapFacts, bundle: string): boolean {
  return facts.labelled && facts.bundleSha256 === digest(bundle);
}

/** The ConfigMap with our key and label; whatever else is in it belongs to others and stays. Undefined where it is right. */
export function bundleConfigMap(
  names: BundleConfigMapNames,
  bundle: string,
  live: KubernetesObject | undefined,
): KubernetesObject | undefined {
  if (live === undefined) {
    return {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: names.name, labels: { [label]: 'true' } },
      data: { [names.key]: bundle },
    };
  }
  if (isRight(factsOf(live, names), bundle)) return undefined;
  const metadata = member(live, 'metadata');
  return {
    ...withoutBinary(live, names.key),
    metadata: { ...metadata, labels: { ...member(metadata, 'labels'), [label]: 'true' } },
    data: { ...member(live, 'data'), [names.key]: bundle },
  };
}

/** A key may stand in one of `data` and `binaryData`, not in both. */
function withoutBinary(live: KubernetesObject, key: string): KubernetesObject {
  const { [key]: mine, ...others } = member(live, 'binaryData');
  return mine === undefined ? live : { ...live, binaryData: others };
}

/** One bundle is asked about once per namespace, and there are few of them at a time. */
const digests = new Map<string, string>();
const mostDigests = 8;

function digest(bundle: string): string {
  const known = digests.get(bundle);
  if (known !== undefined) return known;
  if (digests.size >= mostDigests) digests.clear();
  const made = hash('sha256', bundle, 'hex');
  digests.set(bundle, made);
  return made;
}
