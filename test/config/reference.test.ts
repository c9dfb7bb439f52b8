import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '#config/load.ts';
import { ServerConfigSchema } from '#config/schema/server-config.ts';
import { changed, minimal } from './minimal.ts';
import { asCode, configReference } from './reference.ts';

const file = new URL('../../docs/configuration.md', import.meta.url);
const begin = '<!-- begin: written from the schema by test/config/reference.test.ts -->';
const end = '<!-- end: written from the schema -->';

/** `UPDATE_DOCS=1 vitest run test/config/reference.test.ts` writes the tables anew. */
function documented(reference: string): string {
  const text = readFileSync(file, 'utf8');
  const [head = '', rest = ''] = text.split(begin);
  const [tables = '', tail = ''] = rest.split(end);
  if (process.env.UPDATE_DOCS !== undefined) {
    writeFileSync(file, `${head}${begin}\n\n${reference}\n\n${end}${tail}`);
    return reference;
  }
  return tables.trim();
}

describe('docs/configuration.md', () => {
  const reference = configReference(ServerConfigSchema);

  it('lists every key with its values, its default and its meaning, as the schema has them', () => {
    expect(documented(reference)).toBe(reference);
  });

  it('has no key without a meaning, and the defaults are those that a server really gets', () => {
    const rows = [...reference.matchAll(/^\| `([\w.[\]]+)` \| (.*) \| (.*) \| (.*) \|$/gm)];
    expect(rows.length).toBeGreaterThan(80);
    expect(rows.filter(([, , , , meaning]) => meaning === '')).toEqual([]);
    const onToken = changed(
      'file: { path: audit.pem }',
      'pkcs11: { uri: "pkcs11:object=a", module: /m, pin: { env: P } }',
    );
    const outside = '  - { name: outside, certManager: { way: intermediate, issuer: { name: a } } }';
    const { record } = parseConfig(
      [
        `${onToken.replace('issuers:', () => `issuers:\n${outside}`)}  store: { postgres: { hosts: [db] } }`,
        '  witnesses: { policy: p }',
        '  archive: { s3: { endpoint: "https://s3", bucket: logs, accessKey: { env: A }, secretKey: { env: B } } }',
        'admin: { probe: { listen: "[::]:6060" } }',
        'telemetry: { tracing: { otlp: { endpoint: "http://c/" } } }',
        'distribution: { clusterTrustBundle: {}, istiod: { certificate: {} } }',
        'clusterRequests: { podCertificates: { signerName: mesh.example/workload }, signingRequests: { signerName: mesh.example/istio, requesters: [istio-system/istiod] }, certificateRequests: {} }',
        'revocation: { directory: status }',
        'witness: { name: w, keys: [w.key], logs: [], directory: seen }',
        'api: { oidc: { issuer: i, audiences: [a], jwks: { file: f } }, roles: [{ who: { claims: [{ name: n, value: v }] }, roles: [viewer] }] }',
      ].join('\n'),
      '/server.yaml',
    );
    // not beside an issuer of cert-manager's
    const { record: ofCrls } = parseConfig(
      `${minimal}distribution: { crlConfigMap: {} }\nrevocation: { directory: status }\n`,
      '/server.yaml',
    );
    const withDefault = rows.filter(([, key = '', , shown = '']) => !key.includes('[]') && shown.startsWith('`'));
    expect(withDefault.length).toBeGreaterThan(20);
    const told = withDefault.map(([, key = '', , shown]) => [key, shown]);
    expect(told.map(([key = '']) => [key, asCode(at(record, key) ?? at(ofCrls, key))])).toEqual(told);
  });
});

function at(value: unknown, key: string): unknown {
  return key
    .split('.')
    .reduce<unknown>(
      (inner, step) =>
        typeof inner === 'object' && inner !== null
          ? Object.entries(inner).find(([name]) => name === step)?.[1]
          : undefined,
      value,
    );
}
