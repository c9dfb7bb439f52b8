import * as Value from 'typebox/value';
import type { KubernetesObject } from '#kubernetes/api.ts';
import { issuerResource, namesNoIssuer, shorterThanDefault } from './issuer-resource.ts';
import { lifetimeSeconds } from './lifetime.ts';

/** What an Issuer or ClusterIssuer of ours asks for the requests that name it. */
export interface IssuerSpec {
  /** Name in the server's configuration; undefined for its default issuer. */
  readonly issuer: string | undefined;
  /** Seconds, for a request that names no duration. */
  readonly defaultSeconds: number;
  /** Seconds; a longer lifetime is shortened to it. */
  readonly maxSeconds: number | undefined;
  /** Whether CA certificates may be requested. */
  readonly isCA: boolean;
}

/** Throws Error, naming the field, for what only an older definition than ours lets through, or none. */
export function readIssuerSpec({ spec: given }: KubernetesObject): IssuerSpec {
  const schema = issuerResource.properties.spec;
  const spec = Value.Default(schema, structuredClone(given));
  if (!Value.Check(schema, spec)) {
    const [first] = Value.Errors(schema, spec);
    throw new Error(`spec${(first?.instancePath ?? '').replaceAll('/', '.')} ${first?.message ?? 'is not right'}`);
  }
  const { issuer, defaultDuration, maxDuration, isCA } = spec;
  if (issuer !== undefined && !/\S/.test(issuer)) throw new Error(`spec.${namesNoIssuer}`);
  const defaultSeconds = lifetimeSeconds('defaultDuration', defaultDuration);
  const maxSeconds = maxDuration === undefined ? undefined : lifetimeSeconds('maxDuration', maxDuration);
  if (maxSeconds !== undefined && maxSeconds < defaultSeconds) throw new Error(`spec.${shorterThanDefault}`);
  return { issuer, defaultSeconds, maxSeconds, isCA };
}
