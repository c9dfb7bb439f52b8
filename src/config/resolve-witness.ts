import { listenAddress } from './listen-address.ts';
import type { PathFrom } from './resolve-key.ts';
import type { WitnessText } from './schema/witness.ts';
import type { WitnessConfig } from './sections/witness.ts';

export function resolveWitness(text: WitnessText, from: PathFrom): WitnessConfig {
  const { name, keys, logs, directory, listen, maxConnections, perSecond } = text;
  return {
    name,
    keys: keys.map(from),
    logs,
    directory: from(directory),
    listen: listenAddress(listen),
    maxConnections,
    perSecond,
  };
}
