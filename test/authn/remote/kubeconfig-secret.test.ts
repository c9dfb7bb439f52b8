import { describe, expect, it } from 'vitest';
import { readKubeconfigSecret } from '#authn/remote/kubeconfig-secret.ts';
import { kubeconfigText, secretObject } from './kubeconfigs.ts';

const read = (data: Readonly<Record<string, string>>, allowed: readonly string[] = []) =>
  readKubeconfigSecret(secretObject('remote', data), allowed).kubeconfigs;
const outcome = (text: string, allowed: readonly string[] = []) => read({ west: text }, allowed).get('west')?.is;

describe('a Secret of remote clusters', () => {
  it('is a cluster for each of its keys', () => {
    const clusters = read({ west: kubeconfigText(), east: kubeconfigText({}, { server: 'https://10.0.0.2' }) });
    expect([...clusters].map(([id, { is }]) => [id, 'apiServer' in is && is.apiServer.server])).toEqual([
      ['east', 'https://10.0.0.2'],
      ['west', 'https://10.0.0.1:6443'],
    ]);
    expect(clusters.get('west')?.is).toMatchObject({ apiServer: { token: { inline: 'the-token' } } });
  });

  it('gives the same digest for the same text, and another for new credentials', () => {
    const digestOf = (token: string) => read({ west: kubeconfigText({ token }) }).get('west')?.digest;
    expect(digestOf('one')).toBe(digestOf('one'));
    expect(digestOf('one')).not.toBe(digestOf('two'));
  });

  it.each([
    ['users[0].user.exec', { exec: { command: '/bin/sh', args: ['-c', 'HIDDEN'] } }, {}],
    ['users[0].user.tokenFile', { tokenFile: '/HIDDEN/token' }, {}],
    ['users[0].user.client-key', { 'client-key': '/HIDDEN/key.pem' }, {}],
    ['users[0].user.client-certificate', { 'client-certificate': '/HIDDEN/crt.pem' }, {}],
    ['users[0].user.auth-provider', { 'auth-provider': { name: 'gcp', config: { 'cmd-path': '/HIDDEN' } } }, {}],
    [
      'clusters[0].cluster.certificate-authority',
      {},
      { 'certificate-authority-data': undefined, 'certificate-authority': '/HIDDEN/ca.pem' },
    ],
  ])('Istio 41: refuses %s by default and names the field', (field, user, cluster) => {
    const is = outcome(kubeconfigText({ token: 'HIDDEN', ...user }, cluster));
    expect(is).toEqual({
      problem: expect.stringMatching(
        /^istio-system\/remote\[west\]:\d+:\d+: .*not allowed in a remote cluster's kubeconfig: use /,
      ),
    });
    expect(JSON.stringify(is)).toContain(field);
    expect(JSON.stringify(is)).not.toContain('HIDDEN');
  });

  it.each([
    ['tokenFile', { token: undefined, tokenFile: '/a/token' }, {}],
    ['clientKey', { 'client-key': '/a/key', 'client-certificate-data': 'LS0tLS1CRUdJTiA=' }, {}],
    ['certificateAuthority', {}, { 'certificate-authority-data': undefined, 'certificate-authority': '/a/ca' }],
  ])('Istio 41: lets %s through where the operator says so', (allowed, user, cluster) => {
    expect(outcome(kubeconfigText(user, cluster), [allowed])).toHaveProperty('apiServer');
  });

  it('Istio 41: refuses a command also where all paths are allowed', () => {
    const all = ['clientKey', 'clientCertificate', 'tokenFile', 'certificateAuthority', 'exec'];
    expect(outcome(kubeconfigText({ exec: { command: 'x' } }), all)).toHaveProperty('problem');
  });

  it.each([
    ['no YAML', '{ HIDDEN: ['],
    ['another thing', 'HIDDEN'],
    ['nothing', ''],
    ['http', kubeconfigText({}, { server: 'http://HIDDEN' })],
    ['a password in the address', kubeconfigText({}, { server: 'https://a:HIDDEN@10.0.0.1' })],
    ['more than 64 KiB', kubeconfigText({ token: 'HIDDEN'.repeat(20_000) })],
  ])('refuses %s, and shows nothing of it', (_, text) => {
    const is = outcome(text);
    expect(is).toHaveProperty('problem');
    expect(JSON.stringify(is)).not.toContain('HIDDEN');
  });

  it('refuses the keys beyond 64, and no others', () => {
    const ids = Array.from({ length: 70 }, (_, n) => `c-${String(n).padStart(2, '0')}`);
    const clusters = read(Object.fromEntries(ids.map((id) => [id, kubeconfigText()])));
    const refused = [...clusters].filter(([, { is }]) => 'problem' in is);
    expect(clusters.size).toBe(65);
    expect(refused).toEqual([
      ['c-64', { digest: '', is: { problem: 'this and 5 more are too many: a Secret may name 64 clusters' } }],
    ]);
  });

  it('without data names no cluster', () => {
    expect(readKubeconfigSecret({ metadata: { namespace: 'a', name: 'b' } }, []).kubeconfigs.size).toBe(0);
    expect(() => readKubeconfigSecret({}, [])).toThrow(/without namespace and name/);
  });
});
