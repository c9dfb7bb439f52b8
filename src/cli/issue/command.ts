import { defineCommand } from '../command/command.ts';
import { issueOptions } from './options.ts';

export const issue = defineCommand({
  name: 'issue',
  summary: 'Ask a running CA for a certificate, as a workload would.',
  about: [
    'Makes a key and a CSR, calls istio.v1.auth.IstioCertificateService over TLS with a token or a client certificate, checks that the answer leads to its root, and shows the chain. The key never leaves this machine, and is kept only with --out.',
    'Works against anything that speaks the Istio CA protocol; --proof only against this program. A refusal is an answer: its reason is shown, and the exit code is 1.',
  ],
  operands: [],
  options: issueOptions,
  examples: [
    { type: 'issue --home DIR', to: 'from the CA that the quickstart left running' },
    { type: 'issue --home DIR --out /run/svid --ttl 1h', to: 'keep key and chain' },
    { type: 'issue --home DIR --out /run/svid --proof', to: 'and the proof that it is on the record' },
    { type: 'issue --home DIR --key-type rsa:1024', to: 'see a refusal' },
    {
      type: 'issue --address 127.0.0.1:15012 --ca-root roots.pem --client-cert svid/cert-chain.pem --client-key svid/key.pem --identity spiffe://cluster.local/ns/demo/sa/web',
      to: 'renew an SVID with itself',
    },
  ],
  exits: {
    ok: 'issued',
    no: 'refused; the reason is on stdout',
    input: 'a root, token or key file is missing or malformed',
    unavailable: 'the CA cannot be reached, is not ready or is too busy; try again',
    internal: 'the CA failed, or its answer does not hold together',
  },
  run: async (input, terminal) => (await import('./issue.ts')).runIssue(input, terminal),
});
