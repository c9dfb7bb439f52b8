import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { DocumentError } from '#document/problem.ts';
import type { KubernetesObject } from '#kubernetes/api.ts';
import { connect } from '#kubernetes/connect.ts';
import { type KubeconfigOptions, readKubeconfig } from '#kubernetes/kubeconfig.ts';
import { FakeApiServer, testCertificate } from './fake-api-server.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const keyPem = '-----BEGIN PRIVATE KEY-----\nHIDDEN\n-----END PRIVATE KEY-----\n';
const server = 'https://10.0.0.1:6443';

/** A kubeconfig with one cluster and one user. */
function kubeconfig(cluster: KubernetesObject, user?: KubernetesObject): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    preferences: {},
    clusters: [
      { name: 'other', cluster: { server: 'https://other.test' } },
      { name: 'c', cluster: { server, ...cluster } },
    ],
    users: user === undefined ? [] : [{ name: 'u', user }],
    contexts: [{ name: 'here', context: { cluster: 'c', namespace: 'x', ...(user !== undefined && { user: 'u' }) } }],
    'current-context': 'here',
  });
}

const read = (text: string, options: Partial<KubeconfigOptions> = {}) =>
  readKubeconfig(text, { file: 'remote.yaml', folder: '/etc/kube', ...options });

function problemOf(text: string, options: Partial<KubeconfigOptions> = {}): string {
  try {
    read(text, options);
  } catch (thrown) {
    if (thrown instanceof DocumentError) return thrown.message;
    throw thrown;
  }
  throw new Error('no problem was found');
}

describe('a kubeconfig', () => {
  it.each([
    ['a token', {}, { token: 'abc' }, { token: { inline: 'abc' } }],
    [
      'a token file beside the kubeconfig, which wins',
      {},
      { token: 'abc', tokenFile: 't' },
      { token: { file: '/etc/kube/t' } },
    ],
    [
      'inline PEM, which wins over files',
      { 'certificate-authority-data': base64(pem), 'certificate-authority': '/ca' },
      { 'client-certificate-data': base64(pem), 'client-key-data': base64(keyPem), 'client-key': '/key' },
      { ca: { inline: pem }, certificate: { inline: pem }, key: { inline: keyPem } },
    ],
    [
      'files',
      { 'certificate-authority': '/ca.pem' },
      { 'client-certificate': 'c.pem', 'client-key': '../k.pem' },
      { ca: { file: '/ca.pem' }, certificate: { file: '/etc/kube/c.pem' }, key: { file: '/etc/k.pem' } },
    ],
    [
      'a server name',
      { 'tls-server-name': 'kubernetes' },
      { token: 'a' },
      { tlsServerName: 'kubernetes', token: { inline: 'a' } },
    ],
    ['nobody', {}, undefined, {}],
    [
      "the oidc provider's token",
      {},
      { 'auth-provider': { name: 'oidc', config: { 'id-token': 'idt', 'refresh-token': 'r' } } },
      { token: { inline: 'idt' } },
    ],
  ])('with %s', (_, cluster, user, expected) => {
    expect(read(kubeconfig(cluster, user))).toEqual({ server, ...expected });
  });

  it('is also read as JSON, and of another context', () => {
    const json = JSON.stringify({
      clusters: [{ name: 'a', cluster: { server: 'https://a.test/k8s/clusters/x/' } }],
      contexts: [{ name: 'b', context: { cluster: 'a' } }],
    });
    expect(read(json, { context: 'b' })).toEqual({ server: 'https://a.test/k8s/clusters/x' });
  });

  it.each([
    ['current-context: is missing', 'clusters: []\n'],
    ['contexts: has no entry named "x"', 'current-context: x\n'],
    ['clusters[1].cluster.server: must be a URL that begins with https://', kubeconfig({ server: 'http://a.test' })],
    [
      'clusters[1].cluster.server: must not hold a user or a password',
      kubeconfig({ server: 'https://u:HIDDEN@a.test' }),
    ],
    [
      'clusters[1].cluster.insecure-skip-tls-verify: not supported: give certificate-authority-data',
      kubeconfig({ 'insecure-skip-tls-verify': true }),
    ],
    [
      'clusters[1].cluster.insecure-skip-tls-verify: must be true or false',
      kubeconfig({ 'insecure-skip-tls-verify': 'HIDDEN' }),
    ],
    ['clusters[1].cluster.proxy-url: not supported', kubeconfig({ 'proxy-url': 'http://HIDDEN@p.test' })],
    [
      'clusters[1].cluster.certificate-authority-data: must be the base64 of PEM',
      kubeconfig({ 'certificate-authority-data': 'HIDDEN' }),
    ],
    ['users[0].user.token: must be a text: put it in quotes', kubeconfig({}, { token: 12345 })],
    [
      'users[0].user: client-key-data is missing beside the client certificate',
      kubeconfig({}, { 'client-certificate-data': base64(pem) }),
    ],
    [
      'users[0].user: client-certificate-data is missing beside the client key',
      kubeconfig({}, { 'client-key-data': base64(keyPem) }),
    ],
    [
      'users[0].user.exec: not supported: use a token or a client certificate',
      kubeconfig({}, { exec: { command: 'aws' } }),
    ],
    [
      'users[0].user.password: not supported: use a token or a client certificate',
      kubeconfig({}, { password: 'HIDDEN' }),
    ],
    [
      'users[0].user.as: not supported: use a token or a client certificate',
      kubeconfig({}, { token: 'HIDDEN', as: 'admin' }),
    ],
    [
      'users[0].user.auth-provider: not supported: use a token or a client certificate',
      kubeconfig({}, { 'auth-provider': { name: 'gcp' } }),
    ],
    [
      'users[0].user.auth-provider.config.id-token: is missing',
      kubeconfig({}, { 'auth-provider': { name: 'oidc', config: {} } }),
    ],
    [
      'users: must be a list',
      'current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: "https://a"}}]\nusers: HIDDEN\n',
    ],
  ])('that cannot be used is refused with the field and without a value: %s', (words, text) => {
    const message = problemOf(text);
    expect(message).toMatch(/^remote\.yaml:\d+:\d+: /);
    expect(message).toContain(words);
    expect(message).not.toContain('HIDDEN');
  });

  it('that is broken YAML is refused without showing what stands there', () => {
    expect(problemOf('users:\n  - token: "HIDDEN\n')).not.toContain('HIDDEN');
    expect(problemOf('token: HIDDEN: HIDDEN\n')).not.toContain('HIDDEN');
  });
});

describe('the kubeconfig of a remote cluster', () => {
  const hardened = { hardened: true };
  const unsafe = [
    ['exec', 'exec', { exec: { command: 'sh', args: ['-c', 'x'] } }, 'use a token or a client certificate'],
    ['tokenFile', 'tokenFile', { tokenFile: '/var/run/secrets/token' }, 'use token'],
    ['client-key', 'clientKey', { 'client-key': '/k', 'client-certificate-data': base64(pem) }, 'use client-key-data'],
    [
      'client-certificate',
      'clientCertificate',
      { 'client-certificate': '/c', 'client-key-data': base64(keyPem) },
      'use client-certificate-data',
    ],
    ['auth-provider', 'gcp', { 'auth-provider': { name: 'gcp' } }, 'use a token, client-certificate-data or oidc'],
  ] as const;

  it.each(unsafe)('is refused with %s', (field, _, user, instead) => {
    expect(problemOf(kubeconfig({}, user), hardened)).toContain(
      `users[0].user.${field}: not allowed in a remote cluster's kubeconfig: ${instead}`,
    );
  });

  it.each(unsafe)('is refused with %s in a user that the context does not name', (field, _, user) => {
    const text = `${kubeconfig({}, { token: 'a' })}`.replace(
      'users:\n',
      `users:\n  - ${JSON.stringify({ name: 'z', user })}\n`,
    );
    expect(problemOf(text, hardened)).toContain(`users[0].user.${field}: not allowed`);
  });

  it.each(unsafe.filter(([field]) => field.startsWith('client-') || field === 'tokenFile'))(
    'is let through with %s where the option %s says so',
    (_, option, user) => {
      expect(read(kubeconfig({}, user), { ...hardened, insecureOptions: [option] })).toMatchObject({ server });
    },
  );

  it.each(unsafe.filter(([field]) => field === 'exec' || field === 'auth-provider'))(
    'with %s never runs a command, whatever is let through',
    (field, option, user) => {
      expect(problemOf(kubeconfig({}, user), { ...hardened, insecureOptions: [option] })).toContain(
        `${field}: not supported`,
      );
    },
  );

  it('is fine with inline data, a token, or oidc', () => {
    const data = { 'client-certificate-data': base64(pem), 'client-key-data': base64(keyPem) };
    const oidc = { 'auth-provider': { name: 'oidc', config: { 'id-token': 'x' } } };
    for (const user of [data, { token: 'a' }, oidc])
      expect(read(kubeconfig({}, user), hardened)).toMatchObject({ server });
  });
});

describe('a client by kubeconfig', () => {
  let fake: FakeApiServer;
  beforeAll(async () => {
    fake = await FakeApiServer.start();
  });
  afterAll(() => fake.close());

  it('reaches the server with inline trust and key, and with files beside the kubeconfig', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-kubeconfig-'));
    const { cert, key } = testCertificate();
    for (const [name, text] of [
      ['ca.pem', fake.ca],
      ['c.pem', cert],
      ['k.pem', key],
      ['token', 'from-file\n'],
    ] as const)
      writeFileSync(join(folder, name), text);
    const inline = kubeconfig(
      { server: fake.address, 'certificate-authority-data': base64(fake.ca) },
      { 'client-certificate-data': base64(cert), 'client-key-data': base64(key), token: 'inline' },
    );
    const files = kubeconfig(
      { server: fake.address, 'certificate-authority': 'ca.pem' },
      { 'client-certificate': 'c.pem', 'client-key': 'k.pem', tokenFile: 'token' },
    );
    for (const text of [inline, files]) {
      const api = connect(read(text, { folder }));
      await api.ask({ method: 'GET', path: '/api' });
      await api.close();
    }
    expect(fake.seen.map(({ authorization }) => authorization)).toEqual(['Bearer inline', 'Bearer from-file']);
  });
});
