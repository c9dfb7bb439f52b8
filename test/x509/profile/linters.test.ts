import { expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { pkilint, zlint } from '#test/x509/linters.ts';
import { now, randomSerial, signTbs, testKey, testMesh } from '#test/x509/mesh.ts';
import type { KeyKind, SignatureAlgorithm } from '#x509/algorithms.ts';
import { readCertificate } from '#x509/certificate.ts';
import { servingTbs } from '#x509/profile/ca-certificate.ts';
import { assembleSigned } from '#x509/signed.ts';

const algorithms: SignatureAlgorithm[] = [
  'ecdsa-sha256',
  'ecdsa-sha384',
  'ecdsa-sha512',
  'rsa-sha256',
  'rsa-sha512',
  'ed25519',
];
const leafKeys: KeyKind[] = [
  'ec:P-256',
  'ec:P-384',
  'ec:P-521',
  'rsa:2048',
  'rsa:3072',
  'ed25519',
  'ml-dsa-44',
  'ml-dsa-65',
  'ml-dsa-87',
];

interface Specimen {
  readonly name: string;
  readonly der: Uint8Array;
  readonly issuer?: Uint8Array;
}

function specimens(): Specimen[] {
  const mesh = testMesh();
  const root = readCertificate(mesh.root);
  const serving = servingTbs(
    {
      issuer: { name: root.subject, keyId: root.subjectKeyId ?? new Uint8Array() },
      names: { dns: ['istiod.istio-system.svc'], ips: [Uint8Array.of(127, 0, 0, 1)] },
      keyEncipherment: false,
      spki: testKey('ec:P-256', 'serving').spki,
      serial: randomSerial(),
      notBefore: now,
      notAfter: now + 3600,
    },
    'ecdsa-sha256',
  );
  const long = Date.UTC(2050, 0, 1) / 1000;
  return [
    ...algorithms.flatMap((algorithm) => {
      const { root: der, intermediate } = testMesh(algorithm);
      return [
        { name: `root, ${algorithm}`, der },
        { name: `intermediate, ${algorithm}`, der: intermediate, issuer: der },
        { name: `leaf under ${algorithm}`, der: testMesh(algorithm).leaf().certificate },
      ];
    }),
    ...leafKeys.map((kind) => ({
      name: `leaf on ${kind}`,
      issuer: mesh.intermediate,
      der: mesh.leaf({
        spki: testKey(kind).spki,
        keyUsage: kind.startsWith('rsa:') ? 'digitalSignature+keyEncipherment' : 'digitalSignature',
      }).certificate,
    })),
    { name: 'leaf past 2050', der: mesh.leaf({ notBefore: long - 60, notAfter: long }).certificate },
    {
      name: 'leaf with an ID of 2048 octets',
      der: mesh.leaf({ uri: `spiffe://cluster.local/${'a'.repeat(2025)}` }).certificate,
    },
    {
      name: 'serving certificate',
      der: assembleSigned(serving, 'ecdsa-sha256', signTbs(serving, 'ecdsa-sha256', mesh.rootKey)),
      issuer: mesh.root,
    },
  ];
}

const bad = () => testMesh().leaf({ keyUsage: 'digitalSignature+keyEncipherment' }).certificate;

describeWith(['zlint'], 'zlint', (path) => {
  it('P-2: finds nothing on any root, intermediate, leaf or serving certificate', () => {
    const all = specimens();
    const findings = zlint(
      path('zlint'),
      all.map(({ der }) => der),
    );
    expect(findings.map((found, i) => [all[i]?.name, found])).toEqual(all.map(({ name }) => [name, []]));
  });

  it('P-2: is awake: keyEncipherment on an EC key is told', () => {
    expect(zlint(path('zlint'), [bad()])).toEqual([['e_ecdsa_allowed_ku: error', 'n_ecdsa_ee_invalid_ku: info']]);
  });
});

describeWith(['pkilint'], 'pkilint', (path) => {
  it('P-2: finds nothing on any root, intermediate, leaf or serving certificate, save that it knows no spiffe scheme', () => {
    const all = specimens();
    const findings = pkilint(
      path('pkilint'),
      all.map(({ der }) => ({ certificate: der })),
    );
    expect(findings.map((found, i) => [all[i]?.name, found])).toEqual(all.map(({ name }) => [name, []]));
  });

  it('P-2: finds each signed by the one above', () => {
    const pairs = specimens().flatMap(({ name, der, issuer }) => (issuer ? [{ name, der, issuer }] : []));
    const findings = pkilint(
      path('pkilint'),
      pairs.map(({ der, issuer }) => ({ issuer, subject: der })),
    );
    expect(findings.map((found, i) => [pairs[i]?.name, found])).toEqual(pairs.map(({ name }) => [name, []]));
  });

  it('P-2: is awake: keyEncipherment on an EC key is told', () => {
    expect(pkilint(path('pkilint'), [{ certificate: bad() }])).toEqual([['pkix.key_usage_value_prohibited_for_ec']]);
  });
});
