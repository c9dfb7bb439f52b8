import { rowFormat } from './format.ts';

const newline = 0x0a;

/** The entry as it was hashed, and a newline. */
export const jsonl = rowFormat({
  about: 'the records themselves, one a line: less its newline, each hashes to its leaf',
  mapping: 1,
  holdsEntries: true,
  row: ({ octets }) => {
    const line = Buffer.allocUnsafe(octets.length + 1);
    line.set(octets);
    line[octets.length] = newline;
    return line;
  },
});
