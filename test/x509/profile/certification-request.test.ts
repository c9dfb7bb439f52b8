import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { keyKindFor, signTbs, testKey } from '#test/x509/mesh.ts';
import type { SignatureAlgorithm } from '#x509/algorithms.ts';
import { assembleRequest, caRequestInfo, workloadRequestInfo } from '#x509/profile/certification-request.ts';

const algorithms: SignatureAlgorithm[] = ['ecdsa-sha256', 'ecdsa-sha384', 'ecdsa-sha512', 'rsa-sha256', 'ed25519'];

describeWith(['openssl'], 'certification requests, as OpenSSL reads them', (path) => {
  const read = (der: Uint8Array) =>
    execFileSync(path('openssl'), ['req', '-inform', 'der', '-noout', '-text', '-verify'], {
      input: der,
      encoding: 'utf8',
      stdio: 'pipe',
    });

  it.each(algorithms)("a workload's under %s verifies and asks for its SPIFFE ID alone", (algorithm) => {
    const key = testKey(keyKindFor(algorithm), 'request');
    const info = workloadRequestInfo(key.spki, 'spiffe://cluster.local/ns/demo/sa/web');
    const text = read(assembleRequest(info, algorithm, signTbs(info, algorithm, key)));
    expect(text).toMatch(/Version: 1 \(0x0\)\n\s+Subject: *\n/);
    expect(text).toMatch(/Alternative Name: critical\n\s+URI:spiffe:\/\/cluster.local\/ns\/demo\/sa\/web\n/);
    expect(text.match(/X509v3/g)).toHaveLength(1);
  });

  it("an intermediate's asks an enterprise root for what our profile wants", () => {
    const key = testKey('ec:P-384', 'request');
    const subject = { commonName: 'Mesh issuing CA', organization: 'Example' };
    const info = caRequestInfo({ subject, spki: key.spki, pathLength: 0, trustDomain: 'cluster.local' });
    const text = read(assembleRequest(info, 'ecdsa-sha384', signTbs(info, 'ecdsa-sha384', key)));
    expect(text).toContain('Subject: O = Example, CN = Mesh issuing CA');
    expect(text).toMatch(/Basic Constraints: critical\n\s+CA:TRUE, pathlen:0\n/);
    expect(text).toMatch(/Key Usage: critical\n\s+Certificate Sign, CRL Sign\n/);
    expect(text).toContain('URI:spiffe://cluster.local');
  });
});
