/**
 * One line of comma-separated values (RFC 4180): a value in double quotes may hold commas, and quotes doubled. An
 * empty text has no values. Throws RangeError for quotes that do not match.
 */
export function commaSeparated(text: string): readonly string[] {
  if (text === '') return [];
  const values: string[] = [];
  let rest = text;
  for (;;) {
    const [whole = '', quoted, bare = ''] = /^(?:"((?:[^"]|"")*)"|([^",]*))(?=,|$)/.exec(rest) ?? [];
    if (whole === '' && rest !== '' && !rest.startsWith(','))
      throw new RangeError(`the quotes in ${text} do not match`);
    values.push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    if (whole.length === rest.length) return values;
    rest = rest.slice(whole.length + 1);
  }
}
