import type { Feature, Wish } from './wish.ts';

export interface SigningCase {
  /** In the order of cert-manager's own suite; from 31 on they are ours. */
  readonly number: number;
  readonly name: string;
  /** Its lifetime and whether it is a CA are asked for by cert-manager's annotations. */
  readonly wish: Wish;
  /** The API's own way to ask for a lifetime: it counts where the wish names none. */
  readonly expirationSeconds?: number;
  readonly needs: readonly Feature[];
  readonly also?: readonly string[];
}

const domain = (number: number) => `signing-${number}.conformance.example.com`;
const workload = 'spiffe://cluster.local/ns/sandbox/sa/foo';
const ecdsa = { privateKey: { algorithm: 'ECDSA' } } as const;
const ed25519 = { privateKey: { algorithm: 'Ed25519' } } as const;

export const signingCases: readonly SigningCase[] = [
  { number: 1, name: 'one DNS name', wish: { dnsNames: [domain(1)] }, needs: ['OnlySAN'] },
  {
    number: 2,
    name: 'one DNS name for an ECDSA key',
    wish: { ...ecdsa, dnsNames: [domain(2)] },
    needs: ['OnlySAN', 'ECDSA'],
  },
  {
    number: 3,
    name: 'one DNS name for an Ed25519 key',
    wish: { ...ed25519, dnsNames: [domain(3)] },
    needs: ['OnlySAN', 'Ed25519'],
  },
  { number: 4, name: 'a common name alone', wish: { commonName: 'test-common-name-4' }, needs: ['CommonName'] },
  {
    number: 5,
    name: 'a common name alone for an ECDSA key',
    wish: { ...ecdsa, commonName: 'test-common-name-5' },
    needs: ['CommonName', 'ECDSA'],
  },
  {
    number: 6,
    name: 'a common name alone for an Ed25519 key',
    wish: { ...ed25519, commonName: 'test-common-name-6' },
    needs: ['CommonName', 'Ed25519'],
  },
  {
    number: 7,
    name: 'a common name and an IP address',
    wish: { commonName: 'test-common-name-7', ipAddresses: ['127.0.0.1'] },
    needs: ['CommonName', 'IPAddresses'],
  },
  { number: 8, name: 'an IP address alone', wish: { ipAddresses: ['127.0.0.1'] }, needs: ['IPAddresses'] },
  {
    number: 9,
    name: 'a DNS name and an IP address',
    wish: { dnsNames: [domain(9)], ipAddresses: ['127.0.0.1'] },
    needs: ['OnlySAN', 'IPAddresses'],
  },
  {
    number: 10,
    name: 'a CA with a DNS name',
    wish: { isCA: true, dnsNames: [domain(10)] },
    needs: ['OnlySAN', 'IssueCA'],
    also: ['K-45'],
  },
  {
    number: 11,
    name: 'email addresses alone',
    wish: { emailAddresses: ['alice@example.com', 'bob@cert-manager.io'] },
    needs: ['OnlySAN', 'EmailSANs'],
  },
  {
    number: 12,
    name: 'a common name and a URI',
    wish: { commonName: 'test-common-name-12', uris: [workload] },
    needs: ['CommonName', 'URISANs'],
  },
  {
    number: 13,
    name: 'two DNS names, one of them the common name',
    wish: { commonName: domain(13), dnsNames: [domain(13), `other.${domain(13)}`] },
    needs: ['CommonName'],
  },
  {
    number: 14,
    name: 'a DNS name and another common name',
    wish: { commonName: domain(14), dnsNames: [`other.${domain(14)}`] },
    needs: ['CommonName'],
  },
  {
    number: 15,
    name: 'a DNS name that is the common name, and a lifetime',
    wish: { commonName: domain(15), dnsNames: [domain(15)], duration: '896h' },
    needs: ['Duration', 'CommonName'],
  },
  {
    number: 16,
    name: 'a lifetime in expirationSeconds',
    wish: { commonName: domain(16), dnsNames: [domain(16)] },
    expirationSeconds: 3333,
    needs: ['Duration', 'CommonName'],
    also: ['K-43'],
  },
  {
    number: 17,
    name: 'a DNS name and a lifetime',
    wish: { dnsNames: [domain(17)], duration: '896h' },
    needs: ['OnlySAN', 'Duration'],
  },
  { number: 18, name: 'a wildcard', wish: { dnsNames: [`*.${domain(18)}`] }, needs: ['Wildcards', 'OnlySAN'] },
  {
    number: 19,
    name: 'a wildcard and its apex',
    wish: { dnsNames: [`*.${domain(19)}`, domain(19)] },
    needs: ['Wildcards', 'OnlySAN'],
  },
  { number: 20, name: 'a URI alone', wish: { uris: [workload] }, needs: ['URISANs', 'OnlySAN'] },
  {
    number: 21,
    name: 'usages with a common name',
    wish: { commonName: domain(21), usages: ['server auth', 'client auth', 'digital signature', 'data encipherment'] },
    needs: ['KeyUsages', 'CommonName'],
  },
  {
    number: 22,
    name: 'a CA that signs for long',
    wish: {
      commonName: 'signing-22 CA',
      isCA: true,
      duration: '10000h',
      usages: ['digital signature', 'key encipherment', 'cert sign'],
    },
    needs: ['KeyUsages', 'Duration', 'CommonName'],
    also: ['K-45'],
  },
  {
    number: 23,
    name: 'a label of 63 characters',
    wish: { dnsNames: [`${'signing-23-'.padEnd(63, 'x')}.example.com`] },
    needs: ['OnlySAN', 'LongDomain'],
  },
  {
    number: 31,
    name: 'a lifetime by annotation, which counts more than expirationSeconds',
    wish: { dnsNames: [domain(31)], duration: '700h' },
    expirationSeconds: 3333,
    needs: ['OnlySAN', 'Duration'],
    also: ['K-44'],
  },
];
