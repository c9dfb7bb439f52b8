import { defineCommand } from '../command/command.ts';
import { flag, type Option, type Options, value } from '../command/options.ts';
import type { FlagFact } from './flags/flag.ts';
import { allFlags } from './flags/table.ts';

const { home: _, ...shown } = allFlags;

export const istioCsr = defineCommand({
  name: 'istio-csr',
  summary: 'Serve in the place of istio-csr, with its flags.',
  about: [
    "Takes every flag of cert-manager's istio-csr with its name, its default and its meaning, an empty value included, and serves on the same ports under the same metric names. A line that begins with one of these flags needs no command before it: a Deployment whose image alone was exchanged runs this.",
    'What the flags have no word for stands in a file: who signs (issuers) and where the log of every decision is kept (audit); docs/istio-csr.md shows one. What a flag decides may not stand in the file too. A flag that asks for something that is not there is an error, never passed over; one that has nothing to act on is told at the start.',
  ],
  operands: [],
  options: Object.fromEntries(Object.entries(shown).map(([name, fact]) => [name, optionOf(fact)])) satisfies Options,
  readsItsOwnWords: true,
  examples: [
    { type: 'istio-csr --config istio-csr.yaml --issuer-enabled=false', to: 'everything else as istio-csr has it' },
    {
      type: 'istio-csr --trust-domain=mesh.example --root-ca-file= --issuer-enabled=false',
      to: 'as the Helm chart writes it; the file is countersign.yaml in the home',
    },
  ],
  exits: {
    ok: 'it was told to stop, and drained',
    no: 'what the store holds does not fit together, or belongs to another log; nothing was issued',
    input: 'the file, a policy, a key or a chain is missing or wrong; stderr says which and where',
    unavailable: 'the token, the store or a port cannot be had now; another server may hold it',
    internal: 'the log could not be written any more; nothing was released after that',
  },
  run: async (input, terminal) => (await import('./run.ts')).runIstioCsr(input, terminal),
});

function optionOf({ reader, about, shown: initial, short }: FlagFact<unknown>): Option {
  const more = short === undefined ? {} : { short };
  const help = initial === '' || about.includes('(default') ? about : `${about} (default: ${initial})`;
  return reader.name === 'truth' ? flag(help, more) : value(reader.of, help, more);
}
