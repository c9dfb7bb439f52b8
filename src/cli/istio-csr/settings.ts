import { networkInterfaces } from 'node:os';
import { formatDuration } from '#document/scalars.ts';
import { keyTypeOf } from './key-type.ts';
import type { IstioCsrFlag, IstioCsrValues } from './line.ts';
import { listed, outsideIssuer } from './outside-issuer.ts';
import { tlsOffer } from './tls-names.ts';

/** A field of the configuration that flags decide. */
export interface Setting {
  readonly path: readonly string[];
  /** Undefined: the flags leave it to the configuration. */
  readonly value: unknown;
  readonly flags: readonly IstioCsrFlag[];
}

/** Every field that istio-csr's flags decide, save those of authenticators and issuers. The values have passed `checkValues`. */
export function settingsOf(values: IstioCsrValues): readonly Setting[] {
  return [...door(values), ...watchers(values), ...distribution(values)];
}

const set = (path: string, value: unknown, ...flags: readonly IstioCsrFlag[]): Setting => ({
  path: path.split('.'),
  value,
  flags,
});

function door(values: IstioCsrValues): readonly Setting[] {
  const algorithm = values['serving-signature-algorithm'];
  const tls = tlsOffer(
    values['serving-tls-min-version'],
    values['serving-tls-cipher-suites'],
    values['serving-tls-curve-preferences'],
  );
  return [
    set('trustDomain', values['trust-domain'], 'trust-domain'),
    set('istio.dialect', 'istio-csr'),
    set('istio.listen', listenAddress(values['serving-address']), 'serving-address'),
    set('istio.serving.dnsNames', unique(values['serving-certificate-dns-names']), 'serving-certificate-dns-names'),
    set('istio.serving.ipAddresses', []),
    set(
      'istio.serving.keyType',
      orThrow(keyTypeOf(algorithm, values['serving-certificate-key-size'], 'refused')),
      'serving-signature-algorithm',
      'serving-certificate-key-size',
    ),
    set('istio.serving.lifetime', time(values['serving-certificate-duration']), 'serving-certificate-duration'),
    set('istio.serving.renewAt', twoThirds),
    set(
      'istio.maxCertificateLifetime',
      time(values['max-client-certificate-duration']),
      'max-client-certificate-duration',
    ),
    set('istio.tls.minVersion', tls.minVersion, 'serving-tls-min-version'),
    set('istio.tls.cipherSuites', tls.cipherSuites, 'serving-tls-cipher-suites'),
    set('istio.tls.groups', tls.groups, 'serving-tls-curve-preferences'),
  ];
}

function watchers(values: IstioCsrValues): readonly Setting[] {
  const everywhere = everyInterface();
  return [
    set('admin.listen', `${everywhere}:${values['metrics-port']}`, 'metrics-port'),
    set('admin.probe.listen', `${everywhere}:${values['readiness-probe-port']}`, 'readiness-probe-port'),
    set('admin.probe.path', values['readiness-probe-path'], 'readiness-probe-path'),
    set('telemetry.logs.format', values['log-format'].toLowerCase(), 'log-format'),
    set('telemetry.logs.level', values['log-level'] < 3 ? 'info' : 'debug', 'log-level'),
  ];
}

/** In istio-csr this is always on: roots in every namespace, one writer by the Lease of this name. */
function distribution(values: IstioCsrValues): readonly Setting[] {
  const selector = values['configmap-namespace-selector'];
  return [
    set('distribution.kubeconfig', given(values.kubeconfig), 'kubeconfig'),
    set('distribution.context', given(values.context), 'context'),
    set('distribution.lease.namespace', values['leader-election-namespace'], 'leader-election-namespace'),
    set('distribution.lease.name', 'istio-csr'),
    set('distribution.rootConfigMap.namespaceSelector', given(selector), 'configmap-namespace-selector'),
    ...(values['istiod-cert-enabled'] ? istiod(values) : []),
  ];
}

function istiod(values: IstioCsrValues): readonly Setting[] {
  const algorithm = values['istiod-cert-key-algorithm'].toUpperCase();
  const seconds = values['istiod-cert-duration'];
  const revisions = values['istiod-cert-istio-revisions'];
  const at = 'distribution.istiod';
  return [
    set(`${at}.namespace`, values['istiod-cert-namespace'], 'istiod-cert-namespace'),
    set(`${at}.revisions`, revisions.length === 0 ? ['default'] : unique(revisions), 'istiod-cert-istio-revisions'),
    set(
      `${at}.additionalDnsNames`,
      unique(values['istiod-cert-additional-dns-names']),
      'istiod-cert-additional-dns-names',
    ),
    set(
      `${at}.keyType`,
      orThrow(keyTypeOf(algorithm, values['istiod-cert-key-size'], 'usual')),
      'istiod-cert-key-algorithm',
      'istiod-cert-key-size',
    ),
    set(`${at}.lifetime`, time(seconds), 'istiod-cert-duration'),
    ...(outsideIssuer(values) === undefined ? [] : certificateObject(values)),
    set(`${at}.renewAt`, share(1 - values['istiod-cert-renew-before'] / seconds), 'istiod-cert-renew-before'),
  ];
}

/** Where cert-manager signs it makes istiod's Secret too, as with istio-csr, whose rights are enough for that. */
function certificateObject(values: IstioCsrValues): readonly Setting[] {
  const annotations = listed(values['istiod-cert-additional-annotations']);
  const at = 'distribution.istiod.certificate';
  return [
    set(`${at}.name`, values['istiod-cert-name'], 'istiod-cert-name'),
    set(`${at}.annotations`, annotations, 'istiod-cert-additional-annotations'),
  ];
}

const twoThirds = 0.667;

const given = (text: string) => (text === '' ? undefined : text);
const unique = (names: readonly string[]) => [...new Set(names)];
const share = (part: number) => Math.round(part * 1000) / 1000;
/** Our lengths of time are whole seconds. */
const time = (seconds: number) => formatDuration(Math.max(0, Math.floor(seconds)));

/** `:6443` is all interfaces, as in Go. */
function listenAddress(address: string): string {
  return address.startsWith(':') ? `${everyInterface()}${address}` : address;
}

/** Both kinds of addresses where this machine has both: an IPv6 socket cannot be opened where it is switched off. */
function everyInterface(): string {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return all.some(({ family }) => family === 'IPv6') ? '[::]' : '0.0.0.0';
}

function orThrow<Value>(value: Value | Error): Value {
  if (value instanceof Error) throw value;
  return value;
}
