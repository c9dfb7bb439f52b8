import { testAuthority } from '#test/support/software-ca.ts';

export const root = testAuthority({ commonName: 'Chart root', kind: 'ec:P-384' });
export const intermediate = testAuthority({ commonName: 'Chart mesh CA', issuer: root, trustDomain: 'cluster.local' });

/** As cert-manager makes it of a Certificate with isCA. */
export const issuerSecret = {
  'tls.crt': intermediate.pem,
  'tls.key': intermediate.keyPem,
  'ca.crt': root.pem,
};

/** Values that leave cert-manager out, and sign with what is in the Secret `mesh-ca`. */
export const ownIssuer = {
  app: { certmanager: { issuer: { enabled: false } } },
  issuer: { secret: { name: 'mesh-ca' } },
};
