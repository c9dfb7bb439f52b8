import type { Feature, Wish } from './wish.ts';

export interface CertificateCase {
  /** Of the table of cert-manager's own suite, unless it is one of ours. */
  readonly number: number;
  readonly name: string;
  readonly wish: Wish;
  /** Without one of these the issuer is not asked. */
  readonly needs: readonly Feature[];
  /** Statements of the contract that it speaks for. */
  readonly also?: readonly string[];
}

/** A DNS name of that case alone. */
export const domain = (number: number): string => `case-${number}.conformance.example.com`;
const upn = '1.3.6.1.4.1.311.20.2.3';
const wildcard = '*.case-7.foo-long.bar.com';
const workload = 'spiffe://cluster.local/ns/sandbox/sa/foo';

// Cases 23 to 28 are about cert-manager's shims, which make Certificates of Ingresses, Gateways and ListenerSets: their controllers
// are not in our build of cert-manager, and what an issuer sees of them is a Certificate like the others. 29 and 30 are renewals. The
// case of ACMEUseARI, which has no number, is for ACME alone.
export const cases: readonly CertificateCase[] = [
  { number: 1, name: 'one DNS name', wish: { dnsNames: [domain(1)] }, needs: ['OnlySAN'] },
  {
    number: 2,
    name: 'a CA with a DNS name',
    wish: { isCA: true, dnsNames: [domain(2)] },
    needs: ['IssueCA'],
    also: ['K-17'],
  },
  {
    number: 3,
    name: 'one DNS name for an ECDSA key',
    wish: { privateKey: { algorithm: 'ECDSA' }, dnsNames: [domain(3)] },
    needs: ['ECDSA', 'OnlySAN'],
    also: ['K-22'],
  },
  {
    number: 4,
    name: 'one DNS name for an Ed25519 key',
    wish: { privateKey: { algorithm: 'Ed25519' }, dnsNames: [domain(4)] },
    needs: ['OnlySAN', 'Ed25519'],
    also: ['K-22'],
  },
  {
    number: 5,
    name: 'a common name alone',
    wish: { commonName: 'test-common-name-5' },
    needs: ['CommonName'],
    also: ['K-23'],
  },
  {
    number: 6,
    name: 'two otherNames with an email address',
    wish: {
      otherNames: [
        { oid: upn, utf8Value: 'upn@domain.test' },
        { oid: upn, utf8Value: 'upn@domain2.test' },
      ],
      emailAddresses: ['email@domain.test'],
      commonName: 'someCN-6',
    },
    needs: ['OtherNames'],
    also: ['K-24'],
  },
  {
    number: 7,
    name: 'a literal subject with a wildcard',
    wish: { literalSubject: `CN=${wildcard},OU=FooLong,OU=Bar,OU=Baz,OU=Dept.,O=Corp.`, dnsNames: [wildcard] },
    needs: ['LiteralCertificateSubject'],
    also: ['K-25'],
  },
  {
    number: 8,
    name: 'a common name alone for an ECDSA key',
    wish: { privateKey: { algorithm: 'ECDSA' }, commonName: 'test-common-name-8' },
    needs: ['ECDSA', 'CommonName'],
    also: ['K-22', 'K-23'],
  },
  {
    number: 9,
    name: 'a common name alone for an Ed25519 key',
    wish: { privateKey: { algorithm: 'Ed25519' }, commonName: 'test-common-name-9' },
    needs: ['Ed25519', 'CommonName'],
    also: ['K-22', 'K-23'],
  },
  {
    number: 10,
    name: 'an IP address alone',
    wish: { ipAddresses: ['127.0.0.1'] },
    needs: ['IPAddresses'],
    also: ['K-23'],
  },
  {
    number: 11,
    name: 'a DNS name and an IP address',
    wish: { ipAddresses: ['127.0.0.1'], dnsNames: [domain(11)] },
    needs: ['OnlySAN', 'IPAddresses'],
  },
  {
    number: 12,
    name: 'a common name and an IP address',
    wish: { ipAddresses: ['127.0.0.1'], commonName: 'test-common-name-12' },
    needs: ['CommonName', 'IPAddresses'],
  },
  {
    number: 13,
    name: 'an email address alone',
    wish: { emailAddresses: ['alice@example.com'] },
    needs: ['EmailSANs', 'OnlySAN'],
    also: ['K-23'],
  },
  {
    number: 14,
    name: 'a common name and a URI',
    wish: { uris: [workload], commonName: 'test-common-name-14' },
    needs: ['URISANs', 'CommonName'],
  },
  {
    number: 15,
    name: 'two DNS names, one of them the common name',
    wish: { commonName: domain(15), dnsNames: [domain(15), `other.${domain(15)}`] },
    needs: ['CommonName'],
  },
  {
    number: 16,
    name: 'a DNS name and another common name',
    wish: { commonName: domain(16), dnsNames: [`other.${domain(16)}`] },
    needs: ['CommonName'],
  },
  {
    number: 17,
    name: 'a lifetime',
    wish: { dnsNames: [domain(17)], duration: '896h' },
    needs: ['Duration', 'OnlySAN'],
    also: ['K-20'],
  },
  {
    number: 18,
    name: 'a wildcard',
    wish: { dnsNames: [`*.${domain(18)}`] },
    needs: ['Wildcards', 'OnlySAN'],
    also: ['K-23'],
  },
  { number: 19, name: 'a URI alone', wish: { uris: [workload] }, needs: ['URISANs', 'OnlySAN'], also: ['K-23'] },
  {
    number: 20,
    name: 'usages',
    wish: { dnsNames: [domain(20)], usages: ['signing', 'data encipherment', 'server auth', 'client auth'] },
    needs: ['KeyUsages', 'OnlySAN'],
  },
  {
    number: 21,
    name: 'a label of 63 characters',
    wish: { dnsNames: [`${'case-21-'.padEnd(63, 'x')}.example.com`] },
    needs: ['OnlySAN', 'LongDomain'],
    also: ['K-23'],
  },
  {
    number: 22,
    name: 'a wildcard and its apex',
    wish: { dnsNames: [`*.${domain(22)}`, domain(22)] },
    needs: ['Wildcards', 'OnlySAN'],
    also: ['K-23'],
  },
];
