import { isDeepStrictEqual } from 'node:util';
import { readLine } from '../../istio-csr/flags/parse.ts';
import { istioCsrFlags } from '../../istio-csr/flags/table.ts';
import type { IstioCsrFlag, IstioCsrValues } from '../../istio-csr/line.ts';
import type { Found } from './found.ts';
import { valueTable } from './value-table.ts';

export interface ChartValues {
  /** For `helm install --values`, with our chart. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Sentences about flags that no value of the chart stands for. */
  readonly unsaid: readonly string[];
}

/** Of istio-csr's image: ours is another. */
const itsImage = /^(image\.|image(Registry|Namespace)$)/;

/** Values of our chart in the place of an istio-csr: the values of its own chart, or those that make its flags. */
export function chartValues({ values, words, env }: Found): ChartValues {
  if (values !== undefined) {
    const kept = [...values].filter(([key]) => !itsImage.test(key));
    return { values: nested(kept), unsaid: [] };
  }
  const line = readLine(istioCsrFlags, words);
  const found = [...line.given]
    .filter(isFlag)
    .filter((flag) => !isDeepStrictEqual(line.values[flag], istioCsrFlags[flag].initial));
  const audiences = (env.TOKEN_AUDIENCES ?? '').split(',').filter((name) => name.trim() !== '');
  const entries = [
    ...found.flatMap((flag) => valuesOf(flag, line.values)),
    // true unless told in the chart, false unless told on the line
    ['app.tls.istiodCertificateEnable', line.values['istiod-cert-enabled'] ? 'dynamic' : false] as const,
    ...(audiences.length > 0 ? [['kubernetes.audiences', audiences.map((name) => name.trim())] as const] : []),
  ];
  return { values: nested(entries), unsaid: found.filter((flag) => isUnsaid(flag, line.values)).map(unsaid) };
}

/** What has to be done before, a sentence each. */
export const chartFirst: readonly string[] = [
  'Name: the Service keeps its name where the release is called as istio-csr was, or with nameOverride: cert-manager-istio-csr; agents and istiod know it.',
  'Image: ours; image, imageRegistry and imageNamespace are not carried over.',
  'Issuer: nothing has to be done where cert-manager signs; app.certmanager.way says how. A root file that was mounted stays so: volumes and volumeMounts.',
];

type Entry = readonly [key: string, value: unknown];

const keyOf = new Map(Object.entries(valueTable).map(([key, meaning]) => [meaning, key] as const));

const isFlag = (name: string): name is IstioCsrFlag => Object.hasOwn(istioCsrFlags, name);

function valuesOf(flag: IstioCsrFlag, values: IstioCsrValues): readonly Entry[] {
  const whole = together[flag];
  if (whole !== undefined) return whole(values);
  const key = keyOf.get(flag);
  return key === undefined ? [] : [[key, written(flag, values[flag])]];
}

/** Flags that several values make, or one of another form. */
const together: Readonly<Partial<Record<IstioCsrFlag, (values: IstioCsrValues) => readonly Entry[]>>> = {
  'serving-address': ({ 'serving-address': address }) => {
    const colon = address.lastIndexOf(':');
    return [
      ['app.server.serving.address', address.slice(0, colon)],
      ['app.server.serving.port', Number(address.slice(colon + 1))],
    ];
  },
  'runtime-issuance-config-map-name': (values) => [
    ['app.runtimeConfiguration.name', values['runtime-issuance-config-map-name']],
  ],
  'certificate-request-additional-annotations': (values) => [
    [
      'app.certmanager.additionalAnnotations',
      [...values['certificate-request-additional-annotations']].map(([name, value]) => ({ name, value })),
    ],
  ],
  'istiod-cert-key-algorithm': (values) => [['app.tls.istiodPrivateKeyAlgorithm', values['istiod-cert-key-algorithm']]],
  'ca-trusted-node-accounts': (values) => [
    ['app.server.caTrustedNodeAccounts', values['ca-trusted-node-accounts'].join(',')],
  ],
};

function written(flag: IstioCsrFlag, value: unknown): unknown {
  return istioCsrFlags[flag].reader.name === 'duration' ? `${Number(value)}s` : value;
}

/** What the chart says by another flag, or always. */
function isUnsaid(flag: IstioCsrFlag, values: IstioCsrValues): boolean {
  if (flag === 'istiod-cert-enabled' || together[flag] !== undefined || keyOf.has(flag)) return false;
  if (flag === 'runtime-issuance-config-map-namespace') return values[flag] !== values['certificate-namespace'];
  if (flag === 'istiod-cert-additional-annotations')
    return !isDeepStrictEqual(values[flag], values['certificate-request-additional-annotations']);
  return true;
}

const unsaid = (flag: IstioCsrFlag) =>
  `--${flag}: no value of the chart stands for it; what it says belongs under config`;

function nested(entries: readonly Entry[]): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [key, value] of entries) {
    const path = key.split('.');
    const last = path.pop() ?? '';
    let here = root;
    for (const step of path) {
      const inner: Record<string, unknown> = { ...Object(here[step]) };
      here[step] = inner;
      here = inner;
    }
    here[last] = value;
  }
  return root;
}
