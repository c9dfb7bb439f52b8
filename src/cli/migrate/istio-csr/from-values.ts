import { nearest } from '#document/nearest.ts';
import { istioCsrFlags } from '../../istio-csr/flags/table.ts';
import type { Found } from './found.ts';
import { type ValueMeaning, valueTable } from './value-table.ts';

/** The flags that istio-csr's chart would give its server for these values. */
export function fromValues(values: unknown): Found {
  const leaves = [...leavesOf(values, '')];
  const meaning = (key: string): ValueMeaning | undefined =>
    Object.hasOwn(valueTable, key) ? valueTable[key] : undefined;
  const given = new Map(leaves.filter(([key]) => meaning(key) !== undefined));
  return {
    words: [...flagsOf(given, meaning), ...together(given)],
    env: {},
    values: given,
    elsewhere: [...given.keys()].filter((key) => meaning(key) === 'elsewhere'),
    unknown: leaves.flatMap(([key]) => (meaning(key) === undefined ? [unknownValue(key)] : [])),
    differs: staticCertificate(given)
      ? [
          "istiod's certificate was a Certificate object of cert-manager's, named istiod, which goes with the chart. The Secret istiod-tls is now written by us, or made of a Certificate that we keep: delete that Certificate first, or the two overwrite each other's.",
        ]
      : [],
  };
}

/** Down to what the table knows as one value; a map that it does not know is followed to its ends. */
function* leavesOf(value: unknown, path: string): Generator<readonly [key: string, value: unknown]> {
  const isKnown = Object.hasOwn(valueTable, path);
  if (isKnown || typeof value !== 'object' || value === null || Array.isArray(value)) {
    if (path !== '' && (isKnown || !isSection(path))) yield [path, value];
    return;
  }
  for (const [key, inner] of Object.entries(value)) yield* leavesOf(inner, path === '' ? key : `${path}.${key}`);
}

/** A section of the chart that holds nothing, such as `app.tls:` with all of it commented out. */
const isSection = (path: string) => Object.keys(valueTable).some((key) => key.startsWith(`${path}.`));

function unknownValue(key: string): string {
  const near = nearest(key, Object.keys(valueTable));
  return `the value ${key} is not one of istio-csr's chart${near === undefined ? '' : `; did somebody mean ${near}?`}`;
}

const mayBeEmpty: ReadonlySet<string> = new Set(['text', 'list', 'texts', 'map']);

function* flagsOf(given: ReadonlyMap<string, unknown>, meaning: (key: string) => ValueMeaning | undefined) {
  for (const [key, value] of given) {
    const flag = meaning(key);
    if (flag === undefined || flag === 'together' || flag === 'elsewhere') continue;
    // null takes a value out of the chart: of a flag that cannot be empty there is nothing left then
    if (value === null && !mayBeEmpty.has(istioCsrFlags[flag].reader.name)) continue;
    yield `--${flag}=${textOf(value)}`;
  }
}

/** What the chart makes of several values at once. Those that are absent have the chart's own defaults. */
function together(given: ReadonlyMap<string, unknown>): readonly string[] {
  const text = (key: string, otherwise: string) => (given.has(key) ? textOf(given.get(key)) : otherwise);
  const words: string[] = [];
  const address = ['app.server.serving.address', 'app.server.serving.port'] as const;
  if (address.some((key) => given.has(key)))
    words.push(`--serving-address=${text(address[0], '0.0.0.0')}:${text(address[1], '6443')}`);

  const runtime =
    text('app.runtimeConfiguration.name', '') ||
    text('app.runtimeIssuanceConfigMap', '') ||
    (given.get('app.runtimeConfiguration.create') === true ? text('nameOverride', 'cert-manager-istio-csr') : '');
  if (runtime !== '') {
    words.push(`--runtime-issuance-config-map-name=${runtime}`);
    words.push(`--runtime-issuance-config-map-namespace=${text('app.certmanager.namespace', 'istio-system')}`);
  }

  const annotations = annotationsOf(given.get('app.certmanager.additionalAnnotations'));
  if (annotations !== '') {
    words.push(`--certificate-request-additional-annotations=${annotations}`);
    words.push(`--istiod-cert-additional-annotations=${annotations}`);
  }

  if (text('app.tls.istiodCertificateEnable', 'true') !== 'false') words.push('--istiod-cert-enabled');
  const algorithm =
    text('app.tls.istiodPrivateKeyAlgorithm', '') || text('app.server.serving.signatureAlgorithm', 'RSA');
  words.push(`--istiod-cert-key-algorithm=${algorithm}`);
  return words;
}

const staticCertificate = (given: ReadonlyMap<string, unknown>) =>
  !['false', 'dynamic'].includes(textOf(given.get('app.tls.istiodCertificateEnable') ?? true));

/** `name=value` pairs as a flag takes them. */
function annotationsOf(value: unknown): string {
  const pairs: readonly unknown[] = Array.isArray(value) ? value : [];
  return pairs
    .map((pair) => {
      const { name, value: content } = { name: undefined, value: undefined, ...(isMapping(pair) ? pair : {}) };
      return quoted(`${textOf(name)}=${textOf(content)}`);
    })
    .join(',');
}

/** As Go's templates print it; a list with commas between, null as nothing. */
function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map((item) => quoted(textOf(item))).join(',');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const quoted = (text: string) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const isMapping = (value: unknown): value is object => typeof value === 'object' && value !== null;
