import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { countersign } from '#test/cli/run-cli.ts';
import { describeWith } from '#test/oracles.ts';
import { setOf } from '#test/policy/sidecar.ts';
import { usual } from '#test/x509/csr/named-requests.ts';
import { readPem, toPem } from '#x509/pem.ts';
import { broad, issued, open, request, rigOf } from './named-rig.ts';

describeWith(['openssl'], 'a CSR by OpenSSL that asks for a TLS feature (RFC 7633)', (path) => {
  const feature = '1.3.6.1.5.5.7.1.24';
  const openssl = (words: readonly string[], input = '') =>
    execFileSync(path('openssl'), words, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] });

  /** `value`: as OpenSSL's configuration has it. */
  function asking(value: string) {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '-'];
    const names = ['-subj', '/', '-addext', 'subjectAltName=DNS:web.shop.example', '-addext', `tlsfeature=${value}`];
    const [pem = ''] = /-----BEGIN CERTIFICATE REQ[\s\S]*/.exec(openssl(['req', '-new', ...key, ...names])) ?? [];
    return { der: readPem(pem, ['CERTIFICATE REQUEST']), uses: usual };
  }

  const refused = async (value: string, policies = open, uses = usual) => {
    const rig = rigOf({ policies });
    const end = await rig.ask(request(rig, { ...asking(value), uses }));
    return 'refusal' in end ? end.refusal.message : 'issued';
  };

  it('gets status_request where the policy copies it', async () => {
    const rig = rigOf();
    const certificate = issued(await rig.ask(request(rig, asking('status_request'))));
    expect(certificate.isCritical(feature)).toBe(false);
    const pem = toPem('CERTIFICATE', certificate.der);
    const text = openssl(['x509', '-noout', '-ext', 'tlsfeature'], pem);
    expect(text).toMatch(/TLS Feature: ?\n\s+status_request\n$/);
    const { stdout } = await countersign(['inspect', '-'], { input: pem });
    expect(stdout).toContain('tlsFeature: status_request (must staple)');
  });

  it('is refused where the policy does not', async () => {
    const hosts = setOf({ name: 'hosts', spec: { ...broad, priority: 1, match: { kinds: ['end-entity'] } } });
    expect(await refused('status_request', hosts)).toMatch(/"certificate\.tlsFeature"/);
  });

  it('is refused for a CA', async () => {
    const uses = { keyUsage: ['keyCertSign'], extendedKeyUsage: [], pathLength: 0 } as const;
    expect(await refused('status_request', open, uses)).toMatch(/1\.3\.6\.1\.5\.5\.7\.1\.24, which is not given here/);
  });

  it.each([
    ['status_request_v2', /more than status_request/],
    ['status_request,status_request_v2', /more than status_request/],
    ['critical,status_request', /critical/],
    ['10', /more than status_request/],
  ])('is refused for %s', async (value, why) => expect(await refused(value)).toMatch(why));
});
