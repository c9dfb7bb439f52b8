import { type CertificateCase, domain } from './cases.ts';
import type { Certificates } from './certificates.ts';
import type { Wish } from './wish.ts';

/** A Certificate that is issued a second time. From 51 on they are ours. */
export interface Renewal extends CertificateCase {
  /** Whether the second certificate is for the key of the first. */
  readonly key: 'same' | 'other';
  /** What makes cert-manager ask again. */
  readonly cause: (certificates: Certificates, name: string) => Promise<void>;
  /** What is asked then, where it is not the same. */
  readonly afterwards?: Wish;
}

const never = { algorithm: 'ECDSA', rotationPolicy: 'Never' } as const;
const always = { algorithm: 'ECDSA', rotationPolicy: 'Always' } as const;
const two = { dnsNames: [domain(30), `other.${domain(30)}`] };

export const renewals: readonly Renewal[] = [
  {
    number: 29,
    name: 'a key signed twice, because the certificate went from the Secret',
    wish: { dnsNames: [domain(29)], privateKey: { rotationPolicy: 'Never' } },
    needs: ['ReusePrivateKey', 'OnlySAN'],
    also: ['K-27'],
    key: 'same',
    cause: (certificates, name) => certificates.changeSecret(name, { 'tls.crt': '' }),
  },
  {
    number: 30,
    name: 'a DNS name added',
    wish: { dnsNames: [domain(30)] },
    needs: ['OnlySAN'],
    key: 'other',
    cause: (certificates, name) => certificates.change(name, two),
    afterwards: two,
  },
  {
    number: 51,
    name: 'cmctl renew with a key that stays',
    wish: { dnsNames: [domain(51)], privateKey: never },
    needs: ['ReusePrivateKey', 'OnlySAN', 'ECDSA'],
    also: ['K-27'],
    key: 'same',
    cause: (certificates, name) => certificates.renew(name),
  },
  {
    number: 52,
    name: 'cmctl renew with a key that changes',
    wish: { dnsNames: [domain(52)], privateKey: always },
    needs: ['OnlySAN', 'ECDSA'],
    key: 'other',
    cause: (certificates, name) => certificates.renew(name),
  },
  {
    number: 53,
    name: 'a Secret that was deleted',
    wish: { dnsNames: [domain(53)], privateKey: never },
    needs: ['OnlySAN', 'ECDSA'],
    key: 'other',
    cause: (certificates, name) => certificates.deleteSecret(name),
  },
];
