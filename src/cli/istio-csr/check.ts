import { nearest } from '#document/nearest.ts';
import type { FlagProblem } from './flags/parse.ts';
import { keyTypeOf } from './key-type.ts';
import type { IstioCsrFlag, IstioCsrValues } from './line.ts';
import { groupNames, isGroup, isSuite, suiteNames } from './tls-names.ts';

type Report = (flag: IstioCsrFlag, message: string) => void;

/** What istio-csr itself would not start with; what the configuration's own check sees is left to that. */
export function checkValues(values: IstioCsrValues): readonly FlagProblem[] {
  const problems: FlagProblem[] = [];
  const report: Report = (flag, message) => problems.push({ flag, message });
  checkLogs(values, report);
  checkPorts(values, report);
  checkServing(values, report);
  checkTls(values, report);
  checkIssuer(values, report);
  checkAnnotations('certificate-request-additional-annotations', values, report);
  if (values['max-concurrent-reconciles'] < 1) report('max-concurrent-reconciles', 'at least 1');
  if (values['istiod-cert-enabled']) checkIstiod(values, report);
  return problems;
}

function checkLogs(values: IstioCsrValues, report: Report): void {
  if (!['text', 'json'].includes(values['log-format'].toLowerCase())) report('log-format', 'text or json');
}

function checkPorts(values: IstioCsrValues, report: Report): void {
  for (const flag of ['metrics-port', 'readiness-probe-port'] as const) {
    if (values[flag] < 0 || values[flag] > 65_535) report(flag, `${values[flag]} is not a port: 0 to 65535`);
  }
  if (!/^(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z.-]*):\d+$/.test(values['serving-address']))
    report('serving-address', 'an address is HOST:PORT, or :PORT for all interfaces');
}

function checkServing(values: IstioCsrValues, report: Report): void {
  const names = values['serving-certificate-dns-names'];
  if (names.length === 0) report('serving-certificate-dns-names', 'at least one name is needed');
  const kind = keyTypeOf(values['serving-signature-algorithm'], values['serving-certificate-key-size'], 'refused');
  if (kind instanceof RangeError) report('serving-certificate-key-size', kind.message);
}

function checkTls(values: IstioCsrValues, report: Report): void {
  const version = values['serving-tls-min-version'];
  if (!['', 'VersionTLS12', 'VersionTLS13'].includes(version))
    report('serving-tls-min-version', `${JSON.stringify(version)} is not VersionTLS12 or VersionTLS13`);
  for (const name of values['serving-tls-cipher-suites'])
    if (!isSuite(name)) report('serving-tls-cipher-suites', unknownName(name, 'suite', suiteNames));
  for (const name of values['serving-tls-curve-preferences'])
    if (!isGroup(name)) report('serving-tls-curve-preferences', unknownName(name, 'group', groupNames));
}

function unknownName(name: string, what: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return `${JSON.stringify(name)} is no ${what} that we have${near === undefined ? '' : `; did you mean ${near}?`}`;
}

function checkIssuer(values: IstioCsrValues, report: Report): void {
  if (!values['issuer-enabled']) return;
  const parts = ['issuer-name', 'issuer-kind', 'issuer-group'] as const;
  const empty = parts.filter((flag) => values[flag] === '');
  if (empty.length === 0 || empty.length === parts.length) return;
  for (const flag of empty) report(flag, 'is empty: name, kind and group of an issuer go together, or all stay empty');
}

function checkAnnotations(
  flag: 'certificate-request-additional-annotations' | 'istiod-cert-additional-annotations',
  values: IstioCsrValues,
  report: Report,
): void {
  for (const key of values[flag].keys()) {
    if (!/^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/.test(key))
      report(flag, `${JSON.stringify(key)} is no name of an annotation`);
  }
}

function checkIstiod(values: IstioCsrValues, report: Report): void {
  if (values['istiod-cert-renew-before'] >= values['istiod-cert-duration'])
    report('istiod-cert-renew-before', 'must be shorter than --istiod-cert-duration');
  const algorithm = values['istiod-cert-key-algorithm'].toUpperCase();
  const kind = keyTypeOf(algorithm, values['istiod-cert-key-size'], 'usual');
  if (kind instanceof RangeError) report('istiod-cert-key-size', kind.message);
  if (values['istiod-cert-name'] === '') report('istiod-cert-name', 'a name is needed');
  checkAnnotations('istiod-cert-additional-annotations', values, report);
}
