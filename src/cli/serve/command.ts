import { defineCommand } from '../command/command.ts';
import { serveOptions } from './options.ts';

export const serve = defineCommand({
  name: 'serve',
  summary: 'Run the CA until it is told to stop.',
  about: [
    "Opens the issuers' keys and the log, records its start, then answers Istio's CreateCertificate, and on the admin address metrics, health and the published log. It refuses to start rather than serve with half of its parts.",
    'SIGTERM and SIGINT drain it: not ready, no new connections, calls in flight finish, the log is published. SIGHUP looks at the policy files at once; they are looked at every few seconds anyway. Log lines go to stderr.',
  ],
  operands: [],
  options: serveOptions,
  examples: [
    { type: 'serve --config /etc/countersign/countersign.yaml', to: 'as a service does' },
    { type: 'serve --home .countersign', to: 'what the quickstart has set up' },
  ],
  exits: {
    ok: 'it was told to stop, and drained',
    no: 'what the store holds does not fit together, or belongs to another log; nothing was issued',
    input: 'configuration, policy, key or chain is missing or wrong; stderr says which file and line',
    unavailable: 'the token, the store or a port cannot be had now; another server may hold it',
    internal: 'the log could not be written any more; nothing was released after that',
  },
  run: async (input, terminal) => (await import('./serve.ts')).runServe(input, terminal),
});
