import { flag, value } from '../command/options.ts';

export const migrateOptions = {
  values: value('FILE', "values of istio-csr's Helm chart"),
  deployment: value('FILE', 'its Deployment, as kubectl get -o yaml (or json) prints it'),
  json: flag('one JSON object: {"config", "first", "differs", "withoutEffect", "notHonoured", "unknown"}'),
} as const;
