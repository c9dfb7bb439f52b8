import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '../failure.ts';
import type { Home } from '../home.ts';

export const repository = fileURLToPath(new URL('../../..', import.meta.url));
export const origin = 'log.quickstart.invalid/mesh';
export const tokenIssuer = 'https://tokens.quickstart.invalid';
export const audience = 'istio-ca';

const softhsmModules = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
];

/** The PKCS#11 library of SoftHSM2; SOFTHSM2_MODULE names it where it is elsewhere. Throws Failure. */
export function softhsmModule(): string {
  const found = [process.env.SOFTHSM2_MODULE ?? '', ...softhsmModules].find((path) => path !== '' && existsSync(path));
  if (found === undefined)
    throw new Failure(
      'unavailable',
      'SoftHSM2 is not installed',
      'scripts/quickstart installs it; or set SOFTHSM2_MODULE to its library',
    );
  return found;
}

/** Where this quickstart keeps what only it has: a software token, its PINs, a token issuer of its own. */
export class Layout {
  readonly home: Home;
  readonly ceremony: string;
  readonly softhsmConfig: string;
  readonly tokens: string;
  readonly pin: string;
  readonly soPin: string;
  readonly outputs: string;
  readonly auditKey: string;
  readonly jwks: string;
  readonly signingKey: string;
  readonly token: string;
  readonly ready: string;
  readonly serverLog: string;

  constructor(home: Home) {
    const at = (...parts: string[]) => join(home.directory, ...parts);
    this.home = home;
    this.ceremony = at('hsm', 'root-ceremony.yaml');
    this.softhsmConfig = at('hsm', 'softhsm2.conf');
    this.tokens = at('hsm', 'tokens');
    this.pin = at('secrets', 'pin');
    this.soPin = at('secrets', 'so-pin');
    this.outputs = at('ca');
    this.auditKey = at('audit', 'log.key');
    this.jwks = at('tokens', 'jwks.json');
    this.signingKey = at('tokens', 'issuer.key');
    this.token = at('tokens', 'demo-web.jwt');
    this.ready = at('ready.json');
    this.serverLog = at('server.log');
  }

  /** A home that something else has made is left alone: the marker says that this one is ours to remove. */
  get marker(): string {
    return join(this.home.directory, '.quickstart');
  }
}

/** Writes what is missing and leaves the rest as it is, so that a second run finds everything in place. */
export function layOut(layout: Layout): void {
  const { home } = layout;
  if (existsSync(home.directory) && !existsSync(layout.marker) && existsSync(home.config)) {
    throw new Failure(
      'input',
      `${home.directory} holds a CA that is not the quickstart's`,
      'choose another folder with --home DIR',
    );
  }
  mkdirSync(home.directory, { recursive: true, mode: 0o700 });
  once(layout.marker, () => 'made by countersign quickstart\n');
  mkdirSync(layout.tokens, { recursive: true, mode: 0o700 });
  once(
    layout.softhsmConfig,
    () => `directories.tokendir = ${layout.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  );
  once(layout.pin, () => randomBytes(12).toString('hex'));
  once(layout.soPin, () => randomBytes(12).toString('hex'));
  once(layout.ceremony, () => shipped('hsm/root-ceremony.yaml').replace(/^( *module: ).*$/m, `$1${softhsmModule()}`));
  once(join(home.policies, 'default.yaml'), () => shipped('policies/default.yaml'));
  once(layout.auditKey, () => pkcs8(generateKeyPairSync('ed25519').privateKey));
  const issuer = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  once(layout.signingKey, () => {
    const jwk = { ...issuer.publicKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' };
    const kid = createHash('sha256').update(JSON.stringify(jwk)).digest('base64url').slice(0, 16);
    write(layout.jwks, `${JSON.stringify({ keys: [{ ...jwk, kid }] }, null, 2)}\n`);
    return pkcs8(issuer.privateKey);
  });
  once(home.config, () => configuration());
}

const pkcs8 = (key: import('node:crypto').KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const shipped = (path: string) => readFileSync(join(repository, path), 'utf8');

function once(path: string, content: () => string): void {
  if (!existsSync(path)) write(path, content());
}

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, content, { mode: 0o600 });
}

function configuration(): string {
  return `# The quickstart's server. docs/configuration.md describes every field; "countersign config check" reads it.
apiVersion: countersign.dev/v1
kind: ServerConfig
trustDomain: cluster.local
istio:
  listen: 127.0.0.1:0 # any free port; a mesh would have 0.0.0.0:15012
  dialect: istiod
  serving:
    dnsNames: [istiod.istio-system.svc, localhost]
    ipAddresses: [127.0.0.1]
admin:
  listen: 127.0.0.1:0
authenticators:
  - clientCertificate: {}
  - oidc:
      issuer: ${tokenIssuer}
      audiences: [${audience}]
      jwks: { file: tokens/jwks.json }
issuers:
  - name: mesh
    certificate: ca/quickstart-mesh.pem
    roots: roots.pem
    key:
      pkcs11:
        uri: pkcs11:token=countersign-quickstart;object=quickstart-mesh;type=private
        module: ${softhsmModule()}
        pin: { file: secrets/pin }
policies: [policies]
audit:
  directory: audit
  origin: ${origin}
  key: { file: { path: audit/log.key } }
  publish: audit/log
  checkpointGuard: checkpoint.guard
`;
}
