const name = '[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?';
const key = `(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?${name}`;
const value = `(?:${name})?`;
const requirement = new RegExp(
  `^\\s*(?:!\\s*${key}|${key}|${key}\\s*(?:==?|!=)\\s*${value}|${key}\\s+(?:in|notin)\\s*\\(\\s*${value}(?:\\s*,\\s*${value})*\\s*\\)|${key}\\s*[<>]\\s*\\d+)\\s*$`,
);

/**
 * Whether the API server will understand a label selector (its own reading decides what it selects). Throws RangeError
 * that quotes the first requirement that is none.
 */
export function checkLabelSelector(selector: string): void {
  for (const part of requirementsOf(selector)) {
    if (!requirement.test(part)) throw new RangeError(`"${part.trim()}" is no requirement of a label selector`);
  }
}

/** Split at the commas outside of parentheses. */
const requirementsOf = (selector: string) => selector.split(/,(?![^()]*\))/);
