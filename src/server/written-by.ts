import type { Entry } from '#audit/entry.ts';
import type { Foundation } from './foundation.ts';

/** Tells the records of this instance, by its name, in a log that replicas share; one that is ours alone has no others. */
export function writtenBy({ config, instance }: Pick<Foundation, 'config' | 'instance'>): (entry: Entry) => boolean {
  if (config.audit.store === undefined) return () => true;
  return ({ instance: by }) => typeof by === 'object' && 'name' in by && by.name === instance.name;
}
