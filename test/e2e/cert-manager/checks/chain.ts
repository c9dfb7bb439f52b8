import { askGo, askOpenssl } from '#test/support/judges.ts';
import { type Check, differs, type Evidence } from '../evidence.ts';

/** Programs: `openssl` and certcheck. */
export interface ChainJudges {
  readonly openssl: string;
  readonly go: string;
}

/** What stands above the certificate, and that it leads to what is trusted. */
export function chainChecks({ openssl, go }: ChainJudges): readonly Check[] {
  return [
    {
      name: 'K-13: comes in PEM blocks of certificates, with no text before, between and after them',
      complaint: ({ facts: { chain } }) =>
        onlyBlocks.test(chain) ? undefined : `there is more in ${JSON.stringify(chain)}`,
    },
    {
      name: 'K-13: is followed by its issuer, and that by its own',
      complaint({ chain }) {
        const names = chain.map((each, at) => {
          const issuer = chain[at + 1];
          return issuer === undefined || (each.checkIssued(issuer) && each.verify(issuer.publicKey)) ? undefined : at;
        });
        return differs(
          [],
          names.filter((at) => at !== undefined),
        );
      },
    },
    {
      name: 'K-13: comes without a certificate that signed itself',
      complaint: ({ chain }) =>
        differs(
          [],
          chain.filter(isSelfSigned).map(({ subject }) => subject),
        ),
    },
    {
      name: 'K-14: verifies in OpenSSL with nothing but what came with it',
      needs: 'SaveCAToSecret',
      complaint(evidence) {
        const purposes = purposesOf(evidence).map(({ openssl }) => openssl);
        // A CA has a name (RFC 5280 §4.1.2.6), but cert-manager's suite asks for one that has none.
        const strict = evidence.wish.isCA !== true || evidence.leaf.relativeNames.length > 0;
        const said = askOpenssl(openssl, judgedOf(evidence), { purposes, strict });
        return differs(
          purposes.map(() => 'leaf: OK\n'),
          said,
        );
      },
    },
    {
      name: 'K-14: verifies in Go with nothing but what came with it',
      needs: 'SaveCAToSecret',
      complaint(evidence) {
        const [verdict] = askGo(go, [judgedOf(evidence)]);
        const said = purposesOf(evidence).map((purpose) => verdict?.verify[purpose.go]);
        return differs(['', ...said.map(() => '')], [verdict?.error, ...said]);
      },
    },
    {
      name: 'K-14: comes with its own root first among the roots',
      needs: 'SaveRootCAToSecret',
      complaint({ chain, roots: [root] }) {
        const top = chain.at(-1);
        if (root === undefined || top === undefined) return 'there is none';
        if (!isSelfSigned(root)) return `the first is of ${root.issuer}, and ${root.subject} itself`;
        return top.verify(root.publicKey) ? undefined : `${top.subject} is not of ${root.subject}`;
      },
    },
  ];
}

const onlyBlocks =
  /^(?:-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/=]{64}\n)*[A-Za-z0-9+/=]{1,64}\n-----END CERTIFICATE-----\n)+$/;

const isSelfSigned = (certificate: Evidence['certificate']) =>
  certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);

const judgedOf = ({ facts, chain }: Evidence) => ({ name: '', chain: [...chain.map(String), facts.ca] });

const purposes = [
  { usage: 'server auth', openssl: 'sslserver', go: 'serverAuth' },
  { usage: 'client auth', openssl: 'sslclient', go: 'clientAuth' },
];

/** A certificate is good for what its extended usages say, and for everything where it has none. */
function purposesOf({ wish: { isCA = false, usages = [] } }: Evidence): typeof purposes {
  if (isCA) return purposes.map((purpose) => ({ ...purpose, openssl: 'any' }));
  const named = purposes.filter(({ usage }) => usages.includes(usage));
  return named.length === 0 ? purposes : named;
}
