import { defineCommand } from '../command/command.ts';
import { revokeOptions } from './options.ts';

export const revoke = defineCommand({
  name: 'revoke',
  summary: 'Revoke a certificate: add it to the reviewed document that the server follows.',
  about: [
    'Writes one entry into a document of `kind: Revocations`, by default the first that `revocation.documents` of the home names, and leaves the rest of it as it is. A running server records it within seconds, and then its CRL and its OCSP answers say so. Nothing takes a revocation back.',
    'The certificate is read from CERT, or found in the log by its serial. Commit the document where policies are kept, or hand it to the chart.',
  ],
  operands: [{ name: 'CERT', help: 'PEM or DER; of a chain the first certificate counts', required: false }],
  options: revokeOptions,
  examples: [
    {
      type: 'revoke gateway.pem --reason keyCompromise --requested-by alice@example.org',
      to: 'its key is never certified again, either',
    },
    { type: 'revoke --serial 5f3a09c1 --reason superseded --ticket INC-42', to: 'by what the log shows' },
  ],
  exits: {
    ok: 'the document names it, now or before',
    no: 'the log holds no certificate of that serial',
    input: 'the certificate, the configuration or the document cannot be read; it is left as it was',
  },
  run: async (input, terminal) => (await import('./revoke.ts')).runRevoke(input, terminal),
});
