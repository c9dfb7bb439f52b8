import type { OfferedOption, Place } from './model.ts';

/** One `complete` line per word and option, each under the condition that we stand at its place. */
export function fishScript(places: readonly Place[]): string {
  return [
    '# fish completion for countersign',
    placeFunction(places),
    'complete -c countersign -f',
    ...places.flatMap(linesOf),
  ].join('\n');
}

/** `__countersign_at audit/list` is true when the words typed so far lead exactly there. */
function placeFunction(places: readonly Place[]): string {
  const paths = places.filter(({ path }) => path.length > 0).map(({ path }) => quote(`/${path.join('/')}`));
  return `function __countersign_at
  set -l place ''
  for word in (commandline -opc)[2..-1]
    contains -- "$place/$word" ${paths.join(' ')}; and set place "$place/$word"
  end
  test "$place" = "$argv[1]"
end`;
}

function linesOf(place: Place): string[] {
  const at = `complete -c countersign -n ${quote(`__countersign_at ${quote(place.path.map((word) => `/${word}`).join(''))}`)}`;
  const words = place.words.map(({ word, help }) => `${at} -a ${word} -d ${quote(help)}`);
  return [
    ...words,
    ...operandLine(at, place),
    ...place.options.map((option) => `${at} ${optionWords(option)} -d ${quote(option.help)}`),
  ];
}

function operandLine(at: string, { operand }: Place): string[] {
  if (operand === 'file' || operand === 'directory') return [`${at} -F`];
  return operand === 'unknown' ? [] : [`${at} -a ${quote(operand.join(' '))}`];
}

function optionWords({ spellings, takes }: OfferedOption): string {
  const names = spellings.map((spelling) =>
    spelling.startsWith('--') ? `-l ${spelling.slice(2)}` : `-s ${spelling.slice(1)}`,
  );
  if (takes === undefined) return names.join(' ');
  if (takes === 'file' || takes === 'directory') return [...names, '-r -F'].join(' ');
  return takes === 'unknown' ? [...names, '-x'].join(' ') : [...names, `-x -a ${quote(takes.join(' '))}`].join(' ');
}

const quote = (text: string) => `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;
