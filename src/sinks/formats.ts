import type { Encoder } from './encoder.ts';

const newline = Buffer.from('\n');

/** The entry as it was hashed, and a newline. */
const jsonl: Encoder = {
  head: new Uint8Array(),
  takes: () => true,
  row: ({ octets }) => Buffer.concat([octets, newline]),
};

/** Every format that a sink can be given, by its name in the configuration: add, never rename. */
export const encoders = { jsonl } as const satisfies Record<string, Encoder>;

export type FormatName = keyof typeof encoders;
export const formatNames: readonly FormatName[] = ['jsonl'];
