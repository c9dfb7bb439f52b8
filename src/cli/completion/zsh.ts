import type { Offer, OfferedOption, Place } from './model.ts';

/** Walks the words typed so far to a place, then hands that place's options and operand to `_arguments`. */
export function zshScript(places: readonly Place[]): string {
  const paths = places.filter(({ path }) => path.length > 0).map(({ path }) => `/${path.join('/')}`);
  return `#compdef countersign
_countersign() {
  local place='' word skip=1
  integer i depth=1
  for (( i = 2; i < CURRENT; i++ )); do
    word="\${words[i]}"
    case "$place/$word" in
      ${paths.join('|')}) place="$place/$word"; depth=i ;;
    esac
  done
  # _arguments counts operands from the last word of the place.
  shift $(( depth - 1 )) words
  (( CURRENT -= depth - 1 ))
  case "$place" in
${places.map(caseOf).join('\n')}
  esac
}
if [[ "\${funcstack[1]}" == _countersign ]]; then
  _countersign "$@"
else
  compdef _countersign countersign
fi`;
}

function caseOf(place: Place): string {
  const specs = [...place.options.flatMap(optionSpecs), operandSpec(place)];
  return `    '${place.path.map((word) => `/${word}`).join('')}')
      _arguments -S \\
${specs.map((spec) => `        ${quote(spec)}`).join(' \\\n')}
      ;;`;
}

function optionSpecs({ spellings, help, takes }: OfferedOption): string[] {
  const value = takes === undefined ? '' : `:value:${action(takes)}`;
  return spellings.map((spelling) => `*${spelling}[${bracketSafe(help)}]${value}`);
}

function operandSpec({ words, operand }: Place): string {
  if (words.length === 0) return `*:operand:${action(operand)}`;
  return `1:command:((${words.map(({ word, help }) => `${word}\\:"${bracketSafe(help).replace(/"/g, '\\"')}"`).join(' ')}))`;
}

function action(offer: Offer): string {
  if (offer === 'file') return '_files';
  if (offer === 'directory') return '_files -/';
  return offer === 'unknown' ? ' ' : `(${offer.join(' ')})`;
}

const bracketSafe = (text: string) => text.replace(/[[\]:]/g, '\\$&');
const quote = (text: string) => `'${text.replace(/'/g, "'\\''")}'`;
