import { flag, value } from '../command/options.ts';

export const migrateOptions = {
  values: value('FILE', "values of istio-csr's Helm chart"),
  deployment: value('FILE', 'its Deployment, as kubectl get -o yaml (or json) prints it'),
  for: value('WHAT', 'what to write: values for our Helm chart, or a configuration for the server (default: server)', {
    choices: ['chart', 'server'],
  }),
  json: flag('one JSON object: {"config" or "values", "first", "differs", "withoutEffect", "notHonoured", "unknown"}'),
} as const;
