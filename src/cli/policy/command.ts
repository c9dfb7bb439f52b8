import { defineCommand, defineGroup } from '../command/command.ts';
import { flag } from '../command/options.ts';
import { explainOptions } from './options.ts';

const files = {
  name: 'FILE',
  help: 'policy files, or folders of them (default: the policies of the home)',
  required: false,
  many: true,
} as const;

const check = defineCommand({
  name: 'check',
  summary: 'Read policies and say what is wrong with them, and where.',
  about: [
    'Every problem of every file is listed as file:line:column. The cases beside the rules are not run: that is `policy test`.',
  ],
  operands: [files],
  options: { json: flag('one JSON object: {"setId", "policies": [...], "warnings": [...]}') },
  examples: [{ type: 'policy check policies/istio.yaml', to: 'before a commit' }],
  exits: { ok: 'all of them can be used', input: 'at least one cannot; stderr says why' },
  run: async (input, terminal) => (await import('./check.ts')).runCheck(input, terminal),
});

const test = defineCommand({
  name: 'test',
  summary: 'Run the cases that stand beside the rules.',
  about: [
    'The server runs the same cases when it loads a policy, and keeps the old set when one fails.',
    'Every case is put to the whole set, since a policy in front can change what one behind it decides.',
  ],
  operands: [files],
  options: { json: flag('one JSON object: {"setId", "passed", "failed", "cases": [...]}') },
  examples: [{ type: 'policy test policies/istio.yaml', to: 'in CI' }],
  exits: {
    ok: 'every case passes',
    no: 'a case fails; its policy and name are on stdout',
    input: 'a policy cannot be read',
  },
  run: async (input, terminal) => (await import('./test.ts')).runTest(input, terminal),
});

const explain = defineCommand({
  name: 'explain',
  summary: 'Show how policy decides on a CSR, check by check.',
  about: [
    'Reads the CSR as strictly as the server does, asks the policies as if the caller had proved to be --as, and shows which policies matched and which check ended it. Nothing is signed and nothing is recorded.',
    'Reuse of keys and the rates of a running server are not known here.',
  ],
  operands: [{ name: 'CSR', help: 'PEM file of one PKCS#10; - is stdin', required: true }],
  options: explainOptions,
  examples: [
    {
      type: 'policy explain web.csr --as spiffe://cluster.local/ns/demo/sa/web --ttl 24h',
      to: 'with the policies of the home',
    },
    {
      type: 'policy explain web.csr --as spiffe://prod.example/ns/pay/sa/api --policies policies/fips.yaml',
      to: 'what would another set say?',
    },
  ],
  exits: {
    ok: 'it would be permitted',
    no: 'it would be refused; the steps end at the reason',
    input: 'the CSR file or a policy cannot be read',
  },
  run: async (input, terminal) => (await import('./explain.ts')).runExplain(input, terminal),
});

export const policy = defineGroup({
  name: 'policy',
  summary: 'Check, test and explain issuance policies.',
  about: ['A policy is one YAML document that says who gets which certificate.'],
  members: [check, test, explain],
});
