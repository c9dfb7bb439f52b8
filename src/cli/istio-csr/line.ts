import type { FlagValues } from './flags/flag.ts';
import type { istioCsrFlags } from './flags/table.ts';

export type IstioCsrFlag = keyof typeof istioCsrFlags;
export type IstioCsrValues = FlagValues<typeof istioCsrFlags>;
