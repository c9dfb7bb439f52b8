import { defineCommand } from '../command/command.ts';
import { flag } from '../command/options.ts';

export const inspect = defineCommand({
  name: 'inspect',
  summary: 'Show what a certificate, chain, CSR, token, checkpoint or proof says.',
  about: [
    'Recognises by content, PEM or DER: certificates and bundles, certificate requests (PKCS#10), JWTs, log checkpoints (C2SP signed notes) and tlog-proofs.',
    'It shows; it does not judge: no trust is checked. Of a token it never prints the signature, of a private key nothing but its kind.',
  ],
  operands: [{ name: 'FILE', help: 'what to read; - is stdin', required: true }],
  options: { json: flag('one JSON object: {"file", "found": [...]}') },
  examples: [
    { type: 'inspect cert-chain.pem', to: 'every certificate of a chain, and who signed whom' },
    { type: 'inspect --json - < /var/run/secrets/tokens/istio-token', to: 'the claims of a token' },
    { type: 'inspect log/checkpoint', to: 'size and root of a published log' },
  ],
  exits: { ok: 'it was recognised and shown', input: 'there is no such file, or nothing in it is recognised' },
  run: async (input, terminal) => (await import('./inspect.ts')).runInspect(input, terminal),
});
