import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { KeyKind } from '#x509/algorithms.ts';
import { type TestAuthority, testAuthority } from './software-ca.ts';
import { TokenIssuer } from './token-issuer.ts';

export const repository = new URL('../..', import.meta.url).pathname;

export interface TestHomeOptions {
  readonly dialect?: 'istiod' | 'istio-csr';
  readonly issuerKind?: KeyKind;
  readonly servingKey?: string;
  readonly policies?: readonly string[];
  /** Laid over the sections of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly tokenAlgorithm?: 'ES256' | 'RS256';
}

/** For `config`: a server in the process of the test has the test's own standard error. */
export const quietly = { telemetry: { logs: { level: 'error' } } } as const;

/** A home in a temporary folder: root and intermediate in software, a token issuer, policies, a configuration. */
export class TestHome implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'countersign-test-'));
  readonly root: TestAuthority;
  readonly intermediate: TestAuthority;
  readonly tokens: TokenIssuer;
  readonly logKeyPem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  readonly config: Readonly<Record<string, unknown>>;

  constructor(options: TestHomeOptions = {}) {
    this.root = testAuthority({ commonName: 'Test root', kind: 'ec:P-384' });
    this.intermediate = testAuthority({
      commonName: 'Test mesh CA',
      issuer: this.root,
      trustDomain: 'cluster.local',
      ...(options.issuerKind && { kind: options.issuerKind }),
    });
    this.tokens = new TokenIssuer(options.tokenAlgorithm ? { alg: options.tokenAlgorithm } : {});
    for (const folder of ['issuers', 'audit']) mkdirSync(this.path(folder));
    this.write('roots.pem', this.root.pem);
    this.write('issuers/mesh.pem', this.intermediate.pem);
    this.write('issuers/mesh.key', this.intermediate.keyPem, 0o600);
    this.write('audit/log.key', this.logKeyPem, 0o600);
    this.write('jwks.json', this.tokens.jwks());
    this.config = { ...this.#config(options), ...options.config };
    this.write('countersign.yaml', stringify(this.config));
  }

  path(...parts: string[]): string {
    return join(this.directory, ...parts);
  }

  write(name: string, content: string, mode = 0o644): void {
    writeFileSync(this.path(name), content, { mode });
  }

  get published(): string {
    return this.path('audit', 'log');
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #config(options: TestHomeOptions): Record<string, unknown> {
    return {
      apiVersion: 'countersign.dev/v1',
      kind: 'ServerConfig',
      trustDomain: 'cluster.local',
      instance: { name: 'test' },
      istio: {
        listen: '127.0.0.1:0',
        dialect: options.dialect ?? 'istiod',
        serving: {
          dnsNames: ['istiod.istio-system.svc', 'localhost'],
          ipAddresses: ['127.0.0.1'],
          ...(options.servingKey && { keyType: options.servingKey }),
        },
      },
      admin: { listen: '127.0.0.1:0' },
      authenticators: [
        { clientCertificate: {} },
        { oidc: { issuer: this.tokens.issuer, audiences: [this.tokens.audience], jwks: { file: 'jwks.json' } } },
      ],
      issuers: [
        {
          name: 'mesh',
          certificate: 'issuers/mesh.pem',
          roots: 'roots.pem',
          key: { file: { path: 'issuers/mesh.key' } },
        },
      ],
      policies: options.policies ?? [join(repository, 'policies/istio.yaml')],
      audit: {
        directory: 'audit',
        origin: 'log.test/mesh',
        key: { file: { path: 'audit/log.key' } },
        publish: 'audit/log',
      },
      telemetry: { logs: { level: 'debug', format: 'json' } },
    };
  }
}
