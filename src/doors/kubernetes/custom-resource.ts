import { isObject } from '#kubernetes/answer.ts';
import type { KubernetesObject } from '#kubernetes/api.ts';
import { type IssuerKind, issuerGroup, issuerResource, issuerVersion } from './issuer-resource.ts';

const ready = '.status.conditions[?(@.type=="Ready")]';

/** What `kubectl get` prints; priority 1 only with `-o wide`. */
const columns = [
  { name: 'Ready', type: 'string', jsonPath: `${ready}.status` },
  { name: 'Reason', type: 'string', jsonPath: `${ready}.reason` },
  { name: 'Issuer', type: 'string', jsonPath: '.spec.issuer', priority: 1 },
  { name: 'Status', type: 'string', jsonPath: `${ready}.message`, priority: 1 },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
];

/** The CustomResourceDefinition of a kind. */
export function customResourceDefinition({ kind, plural, shortName, scope, description }: IssuerKind) {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${issuerGroup}` },
    spec: {
      group: issuerGroup,
      scope,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
        categories: ['cert-manager', 'countersign'],
      },
      versions: [
        {
          name: issuerVersion,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: objectSchema(description) },
        },
      ],
    },
  } as const satisfies KubernetesObject;
}

function objectSchema(description: string): KubernetesObject {
  const { properties, required } = issuerResource;
  const every = { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { type: 'object' } };
  const own = Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, structural(each)]));
  return { type: 'object', description, required, properties: { ...every, ...own } };
}

/** What has a default may be left out: the API server fills it in. */
function structural(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(structural);
  if (!isObject(node)) return node;
  const { required, ...others } = Object.fromEntries(
    Object.entries(node).map(([key, each]) => [key, structural(each)]),
  );
  const wanted = Array.isArray(required) ? required.filter((name) => !hasDefault(others.properties, name)) : [];
  return wanted.length === 0 ? others : { ...others, required: wanted };
}

function hasDefault(properties: unknown, name: string): boolean {
  const property = isObject(properties) ? properties[name] : undefined;
  return isObject(property) && 'default' in property;
}
