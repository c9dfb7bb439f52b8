import { defineCommand, defineGroup } from '../command/command.ts';
import { migrateOptions } from './options.ts';

const istioCsr = defineCommand({
  name: 'istio-csr',
  summary: 'A configuration that takes the place of an istio-csr, and what will differ.',
  about: [
    "Reads the values of istio-csr's Helm chart, or its running Deployment, and prints a configuration for `countersign serve` that has passed the checks of a real one. The comments above it say in words what has to be done first (keys, roots, rights) and what will differ; every flag and value is accounted for, unknown ones too. Nothing is changed anywhere.",
    'Files are YAML or JSON, - is stdin; a List is searched for the Deployment.',
  ],
  operands: [],
  options: migrateOptions,
  examples: [
    {
      type: 'migrate istio-csr --values values.yaml',
      to: 'from what the chart was installed with (helm get values -a)',
    },
    {
      type: 'migrate istio-csr --deployment - --json',
      to: 'from the cluster: kubectl -n cert-manager get deployment cert-manager-istio-csr -o yaml | …',
    },
  ],
  exits: {
    ok: 'everything is carried over, or explained',
    no: 'printed, but something in it is unknown or not in this version; the comments and stderr say what',
    input: 'the file cannot be read, or what it asks for cannot be configured; stderr says why',
  },
  run: async (input, terminal) => (await import('./istio-csr/migrate.ts')).runMigrate(input, terminal),
});

export const migrate = defineGroup({
  name: 'migrate',
  summary: 'Come from another CA.',
  about: ['docs/istio-csr.md goes through it step by step.'],
  members: [istioCsr],
});
