import { allFlags, istioCsrFlags } from './flags/table.ts';

/** Flags that are ours wherever they stand first. */
const ours = ['--home', '--help', '-h', '--version'];

/**
 * The line with its command in front: one that begins with a flag, and has a flag of istio-csr's somewhere, was written
 * for istio-csr's image, which has no commands.
 */
export function namedCommand(words: readonly string[]): readonly string[] {
  const [first = ''] = words;
  if (!first.startsWith('-') || ours.includes(nameOf(first))) return words;
  return words.some(isIstioCsrs) ? ['istio-csr', ...words] : words;
}

const shorts = Object.values(allFlags).flatMap((fact) => ('short' in fact ? [`-${fact.short}`] : []));

function isIstioCsrs(word: string): boolean {
  if (word.startsWith('--')) return Object.hasOwn(istioCsrFlags, nameOf(word).slice(2));
  return shorts.includes(word.slice(0, 2));
}

const nameOf = (word: string) => word.split('=', 1)[0] ?? '';
