import { cosigningKinds } from '#audit/cosignature.ts';
import { flag, value } from '../command/options.ts';

export const serveWitnessOptions = {
  config: value('FILE', 'the configuration, of `kind: WitnessConfig` (default: witness.yaml in the home)', {
    short: 'c',
  }),
  'ready-file': value('FILE', 'write the address and the vkeys there as JSON once it is ready'),
} as const;

export const makeWitnessKeyOptions = {
  name: value('NAME', 'name of the witness in its cosignatures, for instance witness.example.org/mesh'),
  kind: value('KIND', 'which key (default: ed25519, which the most programs verify)', { choices: cosigningKinds }),
  json: flag('one JSON object: {"file", "made", "vkey"}'),
} as const;
