/** What a language has of its own, as far as our pages use it. */
export const wordsOf = {
  spl: `index sourcetype source stats min max dc by eval table where AND OR NOT AS search fields count coalesce sum sort
    values earliest tstats _time dedup countersign payments api denied`,
  esql: `FROM WHERE STATS EVAL KEEP SORT DESC MIN MAX COUNT COUNT_DISTINCT VALUES SUM COALESCE BY AND OR LIKE TO_DATETIME`,
  kuery: 'or and',
  kql: `where summarize project extend order by desc and or in matches regex startswith min max dcount count sum coalesce
    make_set unixtime_milliseconds_todatetime tolong`,
  aql: 'SELECT FROM WHERE GROUP BY ORDER HAVING DESC LAST DAYS HOURS AND OR ILIKE COUNT UNIQUECOUNT AS events sourceip',
} as const;

export type Language = keyof typeof wordsOf;

/** How a language writes names, texts that are no names, and names that a query gives itself. */
interface Grammar {
  readonly name: RegExp;
  readonly texts: RegExp;
  readonly given: readonly RegExp[];
}

const word = /[A-Za-z_@][\w@.]*(?:\{\})?/g;
const plainWord = /[A-Za-z_]\w*/g;
const assigned = /\b(\w+)\s*=(?!=)/g;

const grammars: Readonly<Record<Language, Grammar>> = {
  spl: { name: word, texts: /"[^"]*"/g, given: [/\bAS\s+(\w+)/g, /\beval\s+(\w+)\s*=/g] },
  esql: { name: word, texts: /"[^"]*"|^FROM \S+/g, given: [assigned] },
  kuery: { name: word, texts: /"[^"]*"|\([^)]*\)/g, given: [] },
  kql: { name: plainWord, texts: /"[^"]*"|\bdatetime\([^)]*\)/g, given: [assigned] },
  aql: { name: /"[^"]+"|[A-Za-z_]\w*/g, texts: /'[^']*'/g, given: [/\bAS\s+(\w+)/g] },
};

/** Names in a query that are no field, no word of the language, and not given by the query itself. */
export function strangersIn(query: string, language: Language, fields: ReadonlySet<string>): string[] {
  const { name, texts, given } = grammars[language];
  const bare = query.replaceAll(texts, ' ');
  const own = new Set(given.flatMap((pattern) => [...bare.matchAll(pattern)].map(([, each = '']) => each)));
  const words = new Set(wordsOf[language].split(/\s+/));
  const names = [...bare.matchAll(name)].map(([each]) => each.replaceAll('"', ''));
  return names.filter((each) => !fields.has(each) && !words.has(each) && !own.has(each));
}
