import { nearest } from '#document/nearest.ts';
import { parsePkcs11Uri } from '#keys/pkcs11/uri.ts';
import { attempt, between, exactlyOne, type Report, type Step } from './judgement.ts';
import type { ServerConfigText } from './schema/server-config.ts';

export function checkIssuers({ issuers, defaultIssuer }: ServerConfigText, report: Report): void {
  const names = issuers.map(({ name }) => name);
  for (const [at, issuer] of issuers.entries()) {
    const path = ['issuers', at];
    if (names.indexOf(issuer.name) < at) report([...path, 'name'], `a second issuer named "${issuer.name}"`);
    const { pkcs11, file, memory } = issuer.key;
    exactlyOne({ pkcs11, file, memory }, [...path, 'key'], report);
    checkKey(issuer.key, [...path, 'key'], report);
    const inMemory = memory !== undefined;
    if (inMemory && issuer.certificate !== undefined) {
      report([...path, 'certificate'], 'a key in memory gets its certificate at start: leave this out');
    }
    if (!inMemory && issuer.certificate === undefined) report(path, '"certificate" is missing');
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

export function checkKey(key: Issuer['key'], path: readonly Step[], report: Report): void {
  if (key.pkcs11 !== undefined) checkPkcs11(key.pkcs11, [...path, 'pkcs11'], report);
  if (key.file?.passphrase !== undefined) {
    checkSecret(key.file.passphrase, [...path, 'file', 'passphrase'], report);
  }
  if (key.memory === undefined) return;
  checkPkcs11(key.memory.root.pkcs11, [...path, 'memory', 'root', 'pkcs11'], report);
  between(key.memory.lifetime, '1h', '3650d', [...path, 'memory', 'lifetime'], report);
}

function checkPkcs11(key: NonNullable<Issuer['key']['pkcs11']>, path: readonly Step[], report: Report): void {
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
