import { Ajv } from 'ajv';
import { entrySchema } from '#audit/schema.ts';
import { mintCaller } from '#policy/caller.ts';
import type { NamedWish } from '#policy/question.ts';
import { parseSpiffeId } from '#spiffe/spiffe-id.ts';
import { setOf } from '#test/policy/sidecar.ts';
import { buildCsr, commonName, dns, san } from '#test/x509/csr/build.ts';
import { type NamedRequest, type Uses, usual } from '#test/x509/csr/named-requests.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { purposeNames } from '#x509/extended-key-usage.ts';
import { keyUsageNames } from '#x509/key-usage.ts';
import { readPem, toPem } from '#x509/pem.ts';
import { type Ended, Rig, type RigOptions } from './rig.ts';

export const isEntry = new Ajv({ strict: true, allErrors: true }).compile(entrySchema);
export const certManager = {
  identity: parseSpiffeId('spiffe://cluster.local/ns/cert-manager/sa/cert-manager'),
  authenticator: 'kubernetes-object',
  credential: {},
  namespace: 'cert-manager',
  serviceAccount: 'cert-manager',
  user: { name: 'system:serviceaccount:cert-manager:cert-manager', uid: '0b3c', groups: ['system:serviceaccounts'] },
  issuerRef: 'issuers/shop/gateway',
} as const;

export const anyName = (patterns: readonly string[]) => ({ mode: 'optional', patterns });
export const broad = {
  key: { allow: ['ec:P-256', 'ec:P-384', 'ec:P-521', 'rsa:2048', 'rsa:3072', 'rsa:4096', 'ed25519'] },
  subject: { mode: 'optional', commonNames: ['*'] },
  sans: {
    dns: { ...anyName(['*']), wildcards: 'allow' },
    ip: anyName(['0.0.0.0/0', '::/0']),
    email: anyName(['*']),
    uri: anyName(['spiffe://*/*/*/*/*', 'spiffe://*', 'x:*']),
    other: anyName(['1.3.6.1.4.1.311.20.2.3', '1.2.3.4']),
  },
  certificate: { keyUsage: keyUsageNames, extendedKeyUsage: purposeNames, maxSize: '16KiB' },
  validity: { default: '2160h', max: '2160h' },
};
export const open = setOf(
  {
    name: 'hosts',
    spec: {
      ...broad,
      priority: 1,
      match: { kinds: ['end-entity'] },
      certificate: { ...broad.certificate, tlsFeature: 'copy' },
    },
  },
  {
    name: 'cas',
    spec: {
      ...broad,
      priority: 2,
      match: { kinds: ['ca'] },
      certificate: { ...broad.certificate, pathLength: 2, nameConstraints: 'copy' },
    },
  },
);

export const rigOf = (options: RigOptions = {}) =>
  Rig.of({ policies: open, pathLength: 3, authenticate: async () => mintCaller(certManager), ...options });

export function request(
  rig: Rig,
  { der, uses: { pathLength, ...uses } }: Pick<NamedRequest, 'der' | 'uses'>,
  over: Partial<NamedWish> = {},
) {
  const kind = pathLength === undefined ? 'end-entity' : 'ca';
  const wish = { kind, ttl: BigInt(24 * 3600), ttlFrom: 'notBefore', ttlAbove: 'clamp', ...uses, ...over } as const;
  return rig.request({ csr: toPem('CERTIFICATE REQUEST', der), door: 'cert-manager', wish });
}

export function issued(end: Ended): Certificate {
  if ('refusal' in end) throw end.refusal;
  return readCertificate(readPem(end.issued.facts.leaf, ['CERTIFICATE']));
}

export const hosts: Pick<NamedRequest, 'der' | 'uses'> = {
  der: buildCsr({ extensions: [san(dns('web.shop.example'))] }),
  uses: usual,
};
export const ca = (over: Partial<Uses> = {}): Pick<NamedRequest, 'der' | 'uses'> => ({
  der: buildCsr({ subject: commonName('Shop CA'), attributes: [] }),
  uses: { keyUsage: ['keyCertSign', 'cRLSign'], extendedKeyUsage: [], pathLength: 0, ...over },
});
