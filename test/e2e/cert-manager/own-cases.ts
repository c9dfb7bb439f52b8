import { type CertificateCase, domain } from './cases.ts';

const smtpUtf8Mailbox = '1.3.6.1.5.5.7.8.9';

/** What cert-manager's own suite does not ask, in the same form. */
export const ownCases: readonly CertificateCase[] = [
  ...(
    [
      { algorithm: 'RSA', size: 3072 },
      { algorithm: 'RSA', size: 4096 },
      { algorithm: 'ECDSA', size: 384 },
      { algorithm: 'ECDSA', size: 521 },
    ] as const
  ).map(
    (privateKey, n): CertificateCase => ({
      number: 31 + n,
      name: `a key ${privateKey.algorithm} ${privateKey.size}`,
      wish: { privateKey, dnsNames: [domain(31 + n)] },
      needs: ['OnlySAN', ...(privateKey.algorithm === 'ECDSA' ? ['ECDSA' as const] : [])],
      also: ['K-22'],
    }),
  ),
  {
    number: 35,
    name: 'a CA with the usages of one, as SPIRE has it',
    wish: {
      isCA: true,
      subject: { countries: ['US'], organizations: ['SPIFFE'], serialNumber: '35' },
      uris: ['spiffe://case-35.example.com'],
      usages: ['cert sign', 'crl sign'],
      privateKey: { algorithm: 'ECDSA' },
    },
    needs: ['IssueCA', 'URISANs', 'KeyUsages', 'ECDSA'],
    also: ['K-17'],
  },
  {
    number: 36,
    name: 'a CA with name constraints',
    wish: {
      isCA: true,
      commonName: 'Constrained 36',
      nameConstraints: {
        critical: true,
        permitted: { dnsDomains: ['case-36.example.com'], ipRanges: ['10.36.0.0/16'] },
        excluded: { emailAddresses: ['example.net'] },
      },
    },
    needs: ['IssueCA', 'CommonName'],
    also: ['K-26'],
  },
  {
    number: 37,
    name: 'a literal subject with two attributes in one relative name and another string type',
    wish: { literalSubject: 'CN=Käse 37+UID=c37,OU=Rösti,OU=Plain,O=Corp.' },
    needs: ['LiteralCertificateSubject', 'CommonName'],
    also: ['K-25'],
  },
  {
    number: 38,
    name: 'a subject with all its fields',
    wish: {
      commonName: 'Subject 38',
      subject: {
        organizations: ['Corp.', 'Other Corp.'],
        organizationalUnits: ['Mesh'],
        countries: ['CH'],
        provinces: ['Bern'],
        localities: ['Thun'],
        streetAddresses: ['Hauptgasse 1'],
        postalCodes: ['3600'],
        serialNumber: '38',
      },
    },
    needs: ['CommonName'],
  },
  {
    number: 39,
    name: 'IPv6 addresses',
    wish: { ipAddresses: ['2001:db8::39', '::1'] },
    needs: ['IPAddresses'],
    also: ['K-23'],
  },
  {
    number: 40,
    name: 'usages of which the request says nothing',
    wish: {
      dnsNames: [domain(40)],
      usages: ['key agreement', 'digital signature', 'client auth', 'server auth'],
      encodeUsagesInRequest: false,
      privateKey: { algorithm: 'ECDSA' },
    },
    needs: ['KeyUsages', 'OnlySAN', 'ECDSA'],
  },
  {
    number: 41,
    name: 'an otherName that is no UPN',
    wish: { otherNames: [{ oid: smtpUtf8Mailbox, utf8Value: 'käse@example.com' }], commonName: 'Käse 41' },
    needs: ['OtherNames', 'CommonName'],
    also: ['K-24'],
  },
];
