import { afterAll, beforeAll } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { CertManager } from '#test/support/control-plane/cert-manager.ts';
import type { ControlPlane } from '#test/support/control-plane/control-plane.ts';
import { createNamespace } from '#test/support/control-plane/objects.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { type TestAuthority, testAuthority } from '#test/support/software-ca.ts';
import { certificateConformance } from './conformance.ts';
import { signingConformance } from './signing-conformance.ts';

/** RFC 5280 §4.2.1.2: SHOULD. */
const noSubjectKeyId = [
  'w_ext_subject_key_identifier_missing_sub_cert: warn',
  'pkix.certificate_skid_end_entity_missing',
];

/** Few, but of every sort: it is the suite that is tried here. */
const certificateNumbers = [2, 3, 6, 7, 20, 35, 36, 37, 40, 29, 30, 52, 53];
const signingNumbers = [2, 10, 16, 21, 31];

describeWith(['control-plane', 'set:cert-manager'], "the suite itself, against cert-manager's own CA issuer", () => {
  let cluster: ControlPlane;
  let certManager: CertManager;
  let root: TestAuthority;

  beforeAll(async () => {
    cluster = await sharedControlPlane();
    certManager = await CertManager.start(cluster, await createNamespace(cluster.admin, { prefix: 'conformance' }));
    root = testAuthority({ commonName: 'Conformance root' });
    const intermediate = testAuthority({ commonName: 'Conformance issuer', issuer: root });
    await certManager.ca('own', intermediate, root.pem);
  });
  afterAll(() => certManager?.[Symbol.asyncDispose]());

  certificateConformance({ title: 'Certificates', only: certificateNumbers, tolerated: noSubjectKeyId }, () => ({
    admin: cluster.admin,
    namespace: certManager.namespace,
    issuerRef: { group: 'cert-manager.io', kind: 'Issuer', name: 'own' },
  }));

  signingConformance({ title: 'CertificateSigningRequests', only: signingNumbers, tolerated: noSubjectKeyId }, () => ({
    admin: cluster.admin,
    signerName: `issuers.cert-manager.io/${certManager.namespace}.own`,
    roots: root.pem,
  }));
});
