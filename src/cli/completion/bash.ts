import type { Offer, OfferedOption, Place } from './model.ts';

/** Walks the words typed so far to a place, then offers what that place has. */
export function bashScript(places: readonly Place[]): string {
  const paths = places.filter(({ path }) => path.length > 0).map(({ path }) => `"/${path.join('/')}"`);
  return `# bash completion for countersign
_countersign() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" place="" word
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$place/$word" in
      ${paths.join('|')}) place="$place/$word" ;;
    esac
  done
  case "$place:$previous" in
${places.flatMap(optionValues).join('\n')}
  esac
  if [[ $current == -* ]]; then
    case "$place" in
${places
  .map((place) =>
    reply(
      key(place),
      place.options.flatMap(({ spellings }) => spellings),
    ),
  )
  .join('\n')}
    esac
    return
  fi
  case "$place" in
${places.map(positional).join('\n')}
  esac
}
complete -F _countersign countersign`;
}

const key = ({ path }: Place) => `"${path.map((word) => `/${word}`).join('')}"`;

const compgen = (offer: Offer): string => {
  if (offer === 'file') return 'compgen -f -- "$current"';
  if (offer === 'directory') return 'compgen -d -- "$current"';
  return offer === 'unknown' ? ':' : `compgen -W "${offer.join(' ')}" -- "$current"`;
};

const reply = (pattern: string, words: Offer) => `      ${pattern}) mapfile -t COMPREPLY < <(${compgen(words)}) ;;`;

function optionValues(place: Place): string[] {
  return place.options.flatMap((option: OfferedOption) => {
    const { takes, spellings } = option;
    if (takes === undefined) return [];
    const path = place.path.map((word) => `/${word}`).join('');
    const patterns = spellings.map((spelling) => `"${path}:${spelling}"`).join('|');
    return [`    ${patterns}) mapfile -t COMPREPLY < <(${compgen(takes)}); return ;;`];
  });
}

function positional(place: Place): string {
  return reply(key(place), place.words.length > 0 ? place.words.map(({ word }) => word) : place.operand);
}
