import { parseVkey } from '#audit/vkey.ts';
import { nearest } from '#document/nearest.ts';
import { parsePkcs11Uri } from '#keys/pkcs11/uri.ts';
import { checkCertManager } from './check-cert-manager.ts';
import { attempt, between, exactlyOne, type Report, type Step } from './judgement.ts';
import type { ServerConfigText } from './schema/server-config.ts';

export function checkIssuers({ issuers, defaultIssuer }: ServerConfigText, report: Report): void {
  const names = issuers.map(({ name }) => name);
  for (const [at, issuer] of issuers.entries()) {
    const path = ['issuers', at];
    if (names.indexOf(issuer.name) < at) report([...path, 'name'], `a second issuer named "${issuer.name}"`);
    const { key, certManager } = issuer;
    exactlyOne({ key, certManager }, path, report);
    if (certManager !== undefined) checkCertManager(certManager, [...path, 'certManager'], report);
    if (key !== undefined) checkIssuerKey(key, [...path, 'key'], report);
    checkFiles(issuer, path, report);
    checkNamed(issuer, issuer.name === (defaultIssuer ?? names[0]), path, report);
  }
  if (defaultIssuer !== undefined && !names.includes(defaultIssuer)) {
    report(
      ['defaultIssuer'],
      `there is no issuer "${defaultIssuer}"; known: ${names.join(', ')}`,
      nearest(defaultIssuer, names),
    );
  }
}

type Issuer = ServerConfigText['issuers'][number];
type Key = NonNullable<Issuer['key']>;

function checkIssuerKey(key: Key, path: readonly Step[], report: Report): void {
  const { pkcs11, file, memory } = key;
  exactlyOne({ pkcs11, file, memory }, path, report);
  checkKey(key, path, report);
}

function checkFiles({ key, certificate, roots }: Issuer, path: readonly Step[], report: Report): void {
  const bringsOwn = key !== undefined && key.memory === undefined;
  if (bringsOwn && certificate === undefined) report(path, '"certificate" is missing');
  if (!bringsOwn && certificate !== undefined) {
    report([...path, 'certificate'], 'the certificate of this issuer is made while we run: leave this out');
  }
  if (key !== undefined && roots === undefined) report(path, '"roots" is missing');
}

/** Its roots are named beside certificates of our own, and those come from the default issuer. */
function checkNamed({ certManager, roots }: Issuer, isDefault: boolean, path: readonly Step[], report: Report): void {
  if (certManager === undefined || roots !== undefined || isDefault || certManager.way === 'intermediate') return;
  report(path, '"roots" is missing: only of the default issuer they are known when it has to be relayed to');
}

export function checkKey(key: Key, path: readonly Step[], report: Report): void {
  if (key.pkcs11 !== undefined) checkPkcs11(key.pkcs11, [...path, 'pkcs11'], report);
  if (key.file?.passphrase !== undefined) {
    checkSecret(key.file.passphrase, [...path, 'file', 'passphrase'], report);
  }
  if (key.memory === undefined) return;
  checkPkcs11(key.memory.root.pkcs11, [...path, 'memory', 'root', 'pkcs11'], report);
  between(key.memory.lifetime, '1h', '3650d', [...path, 'memory', 'lifetime'], report);
}

type PreviousKey = ServerConfigText['audit']['previousKeys'][number];

export function checkPreviousKey({ key, vkey, until }: PreviousKey, path: readonly Step[], report: Report): void {
  exactlyOne({ key, vkey }, path, report);
  if (vkey !== undefined)
    attempt(
      () => parseVkey(vkey),
      (message) => report([...path, 'vkey'], message),
    );
  if (key !== undefined) {
    exactlyOne({ pkcs11: key.pkcs11, file: key.file }, [...path, 'key'], report);
    checkKey(key, [...path, 'key'], report);
  }
  if (until !== undefined && !isMoment(until))
    report([...path, 'until'], 'not a moment in UTC, such as 2027-01-31T00:00:00Z');
  if (key !== undefined && until === undefined)
    report(path, '"until" is missing: when does this key sign for the last time?');
  if (vkey !== undefined && until !== undefined)
    report([...path, 'until'], 'a vkey alone signs nothing: leave this out');
}

const isMoment = (text: string) =>
  /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(text) && !Number.isNaN(Date.parse(text));

function checkPkcs11(key: NonNullable<Key['pkcs11']>, path: readonly Step[], report: Report): void {
  attempt(
    () => {
      const uri = parsePkcs11Uri(key.uri);
      if (uri.pinSource !== undefined) report([...path, 'uri'], 'say under "pin" where the PIN is, not in the URI');
      if (uri.modulePath !== undefined || uri.moduleName !== undefined) {
        report([...path, 'uri'], 'say under "module" which library to load, not in the URI');
      }
    },
    (message) => report([...path, 'uri'], message),
  );
  checkSecret(key.pin, [...path, 'pin'], report);
}

function checkSecret({ file, env }: { file?: string; env?: string }, path: readonly Step[], report: Report): void {
  exactlyOne({ file, env }, path, report);
}
