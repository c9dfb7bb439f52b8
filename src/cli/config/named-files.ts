import { existsSync } from 'node:fs';
import type { AuthenticatorConfig } from '#config/sections/authenticators.ts';
import type { IssuerConfig } from '#config/sections/issuers.ts';
import type { Pkcs11KeyConfig, SigningKeyConfig } from '#config/sections/keys.ts';
import type { ServerConfig } from '#config/server-config.ts';
import type { SecretSource } from '#keys/secret-source.ts';
import type { S3Settings } from '#s3/settings.ts';
import type { RowTarget, SinkSettings } from '#sinks/settings.ts';

/** A sentence for each file or variable that the configuration names and that is not there. */
export function missingFiles(config: ServerConfig, env: NodeJS.ProcessEnv): readonly string[] {
  const wanted = [
    ...config.issuers.flatMap(ofIssuer),
    ...ofKey(config.audit.key, 'audit.key'),
    ...ofStore(config.audit.store),
    ...ofWitnesses(config.audit.witnesses),
    ...ofArchive(config.audit.archive),
    ...config.exports.flatMap(ofSink),
    ...(config.witness?.keys ?? []).map((path) => file(path, 'witness.keys')),
    ...config.csr.blocklists.map((path) => file(path, 'csr.blocklists')),
    ...config.authenticators.flatMap(ofAuthenticator),
    ...ofApi(config.api),
  ];
  return wanted.filter((each) => !isThere(each, env)).map(sentence);
}

interface Wanted {
  readonly kind: 'file' | 'variable';
  readonly name: string;
  readonly from: string;
}

const file = (name: string, from: string): Wanted => ({ kind: 'file', name, from });

function ofAuthenticator(each: AuthenticatorConfig): readonly Wanted[] {
  if (each.kind === 'k8s-token' && each.kubeconfig !== undefined)
    return [file(each.kubeconfig.path, 'authenticators: kubernetes.kubeconfig')];
  return each.kind === 'oidc' && 'file' in each.jwks ? [file(each.jwks.file, 'authenticators: oidc.jwks.file')] : [];
}

function ofApi(api: ServerConfig['api']): readonly Wanted[] {
  if (api === undefined) return [];
  const { clientRoots, oidc } = api;
  return [
    ...(clientRoots === undefined ? [] : [file(clientRoots, 'api.clientCertificates.roots')]),
    ...(oidc !== undefined && 'file' in oidc.jwks ? [file(oidc.jwks.file, 'api.oidc.jwks.file')] : []),
  ];
}

function ofIssuer(issuer: IssuerConfig): readonly Wanted[] {
  const from = `issuer ${issuer.name}`;
  if (issuer.kind === 'cert-manager') {
    const { roots, requests } = issuer;
    return [
      ...(roots === undefined ? [] : [file(roots, `${from}: roots`)]),
      ...(requests.kubeconfig === undefined ? [] : [file(requests.kubeconfig.path, `${from}: certManager.kubeconfig`)]),
    ];
  }
  const { roots, key } = issuer;
  if (key.kind !== 'memory')
    return [file(roots, `${from}: roots`), file(key.certificate, `${from}: certificate`), ...ofKey(key, from)];
  return [
    file(roots, `${from}: roots`),
    file(key.root.certificate, `${from}: memory.root.certificate`),
    ...ofKey(key.root.key, from),
  ];
}

function ofKey(key: SigningKeyConfig | Pkcs11KeyConfig, from: string): readonly Wanted[] {
  if (key.kind === 'pkcs11')
    return [file(key.module, `${from}: pkcs11.module`), secret(key.pin, `${from}: pkcs11.pin`)];
  return [
    file(key.path, `${from}: file.path`),
    ...(key.passphrase ? [secret(key.passphrase, `${from}: file.passphrase`)] : []),
  ];
}

function ofWitnesses(witnesses: ServerConfig['audit']['witnesses']): readonly Wanted[] {
  if (witnesses === undefined) return [];
  const { who, ca } = witnesses;
  return [
    ...(who.kind === 'policy' ? [file(who.file, 'audit.witnesses.policy')] : []),
    ...(ca === undefined ? [] : [file(ca, 'audit.witnesses.ca')]),
  ];
}

function ofArchive(archive: ServerConfig['audit']['archive']): readonly Wanted[] {
  if (archive === undefined || !('s3' in archive)) return [];
  return ofBucket(archive.s3, 'audit.archive.s3');
}

function ofBucket({ accessKey, secretKey, sessionToken, ca }: S3Settings, from: string): readonly Wanted[] {
  return [
    secret(accessKey, `${from}.accessKey`),
    secret(secretKey, `${from}.secretKey`),
    ...(sessionToken === undefined ? [] : [secret(sessionToken, `${from}.sessionToken`)]),
    ...(ca === undefined ? [] : [file(ca, `${from}.ca`)]),
  ];
}

function ofSink({ name, to }: SinkSettings): readonly Wanted[] {
  const from = `exports: ${name}`;
  if (to.kind === 's3') return ofBucket(to.bucket, from);
  const { ca, certificate, key } = 'tls' in to ? to.tls : {};
  const files = [ca, certificate, key].filter((path) => path !== undefined);
  return [...secretsOf(to).map((each) => secret(each, from)), ...files.map((path) => file(path, `${from}: tls`))];
}

function secretsOf(to: RowTarget): readonly SecretSource[] {
  switch (to.kind) {
    case 'splunk':
      return [to.token];
    case 'elastic':
      return to.authorization === undefined ? [] : [to.authorization.secret];
    case 'otlp':
      return to.headers.map((header) => header.secret);
    case 'file':
    case 'stdout':
    case 'syslog':
      return [];
  }
}

function ofStore(store: ServerConfig['audit']['store']): readonly Wanted[] {
  if (store === undefined) return [];
  const from = 'audit.store.postgres';
  const files = store.tls === 'off' ? [] : [store.tls.ca, store.tls.certificate, store.tls.key];
  return [
    ...(store.password === undefined ? [] : [secret(store.password, `${from}.password`)]),
    ...files.flatMap((path) => (path === undefined ? [] : [file(path, `${from}.tls`)])),
  ];
}

function secret(source: SecretSource, from: string): Wanted {
  return 'file' in source ? file(source.file, from) : { kind: 'variable', name: source.env, from };
}

const isThere = ({ kind, name }: Wanted, env: NodeJS.ProcessEnv) =>
  kind === 'file' ? existsSync(name) : Boolean(env[name]);

const sentence = ({ kind, name, from }: Wanted) =>
  kind === 'file' ? `${from}: there is no file ${name}` : `${from}: the environment variable ${name} is not set`;
