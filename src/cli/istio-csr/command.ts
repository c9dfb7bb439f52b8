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
    'The issuer of cert-manager that the flags name signs an intermediate for us, or, where it will not, each certificate. Where a file says who signs instead (issuers), --issuer-enabled=false leaves it to that. Without a file the log of every decision is kept in memory, as long as the pod, and each record of it goes to standard output too; a file says where it lasts (audit).',
    'What a flag decides may not stand in the file too; docs/istio-csr.md shows one. A flag that asks for something that is not there is an error, never passed over; one that has nothing to act on is told at the start.',
  ],
  operands: [],
  options: Object.fromEntries(Object.entries(shown).map(([name, fact]) => [name, optionOf(fact)])) satisfies Options,
  readsItsOwnWords: true,
  examples: [
    { type: 'istio-csr --issuer-name=istio-ca --trust-domain=mesh.example', to: 'with nothing but flags' },
    { type: 'istio-csr --config istio-csr.yaml --issuer-enabled=false', to: 'with issuers of our own' },
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
