import type { Entry } from '#audit/entry.ts';
import type { Json } from '#audit/event.ts';
import { memberOf, textOf } from '#audit/json-object.ts';

/** What records are counted by: a title, and the word of a record. */
export const tallies = {
  type: { title: 'Type of record', of: ({ type }) => type },
  outcome: { title: 'Outcome', of: ({ outcome }) => outcome },
  reason: { title: 'Reason', of: ({ reason }) => textOf(reason) },
  door: { title: 'Asked for at', of: ({ door }) => textOf(door) },
  authenticator: { title: 'Caller proven by', of: (entry) => at(entry, 'caller', 'authenticator') },
  key: { title: 'Key', of: (entry) => at(entry, 'certificate', 'key', 'kind') ?? at(entry, 'asked', 'key', 'kind') },
  algorithm: { title: 'Signed with', of: (entry) => at(entry, 'certificate', 'signatureAlgorithm') },
  level: { title: 'Level', of: (entry) => levelOf(memberOf(entry.decision, 'level')) },
  policy: { title: 'Decided by the policy', of: (entry) => at(entry, 'decision', 'policy') },
  mode: { title: 'Mode of the policy', of: (entry) => at(entry, 'decision', 'mode') },
  issuer: { title: 'Issuer', of: (entry) => at(entry, 'certificate', 'issuer', 'name') },
  lifetime: { title: 'Lifetime', of: ({ certificate }) => lifetimeOf(certificate) },
  'revoked-for': { title: 'Revoked for', of: (entry) => at(entry, 'revocation', 'reason') },
  actor: { title: 'By', of: (entry) => at(entry, 'actor', 'user') },
  route: { title: 'Route', of: (entry) => at(entry, 'action', 'route') },
  sink: { title: 'Sink', of: (entry) => at(entry, 'export', 'sink') },
  rule: { title: 'Watch rule', of: (entry) => at(entry, 'detection', 'rule') },
  severity: { title: 'Severity', of: (entry) => at(entry, 'detection', 'severity') },
  version: { title: 'Version of the server', of: (entry) => at(entry, 'instance', 'version') },
  holder: { title: 'Key held in', of: ({ key }) => holderOf(key) },
  extractable: { title: 'Key can be taken out', of: ({ key }) => extractableOf(memberOf(key, 'attributes')) },
} as const satisfies Record<string, { readonly title: string; readonly of: (entry: Entry) => string | undefined }>;

export type TallyName = keyof typeof tallies;
export const tallyNames = Object.keys(tallies) as readonly TallyName[];

/** What a record without the word is counted under. */
export const notSaid = 'not said';

function at(entry: Entry, ...path: readonly string[]): string | undefined {
  let found: Json | undefined = entry[path[0] ?? ''];
  for (const name of path.slice(1)) found = memberOf(found, name);
  return textOf(found);
}

function levelOf(level: Json | undefined): string | undefined {
  return textOf(level) ?? textOf(memberOf(level, 'cnsa')) ?? textOf(memberOf(level, 'fips'));
}

/** Bounds in seconds, each included. */
const lifetimes = [
  [3_600, 'up to 1 hour'],
  [86_400, 'up to 1 day'],
  [604_800, 'up to 7 days'],
  [7_776_000, 'up to 90 days'],
] as const;

function lifetimeOf(certificate: Json | undefined): string | undefined {
  const [begin, end] = ['notBefore', 'notAfter'].map((name) => Date.parse(textOf(memberOf(certificate, name)) ?? ''));
  const ttl = memberOf(certificate, 'ttl');
  const seconds = typeof ttl === 'number' ? ttl : Math.round(((end ?? Number.NaN) - (begin ?? Number.NaN)) / 1_000);
  if (Number.isNaN(seconds)) return undefined;
  return lifetimes.find(([most]) => seconds <= most)?.[1] ?? 'more than 90 days';
}

function holderOf(key: Json | undefined): string | undefined {
  if (key === undefined) return undefined;
  const token = memberOf(key, 'token');
  const name =
    textOf(memberOf(token, 'model')) ?? textOf(memberOf(token, 'label')) ?? textOf(memberOf(token, 'serial'));
  return name === undefined ? undefined : `the token ${name}`;
}

/** As PKCS#11 has it of a key in a token. */
function extractableOf(attributes: Json | undefined): string | undefined {
  if (attributes === undefined) return undefined;
  if (memberOf(attributes, 'extractable') !== false) return 'yes';
  return memberOf(attributes, 'neverExtractable') === true ? 'no, and never could' : 'no, not any more';
}

/** Words that are told apart; what comes after is counted together. */
const mostWords = 100;
const others = 'all others';

/** How many records there are of each word. */
export class Tally {
  readonly name: TallyName;
  readonly #counts = new Map<string, number>();

  constructor(name: TallyName) {
    this.name = name;
  }

  take(entry: Entry): void {
    const word = tallies[this.name].of(entry) ?? notSaid;
    const place = this.#counts.has(word) || this.#counts.size < mostWords ? word : others;
    this.#counts.set(place, (this.#counts.get(place) ?? 0) + 1);
  }

  /** Most first. */
  get words(): { readonly word: string; readonly count: number }[] {
    return [...this.#counts]
      .map(([word, count]) => ({ word, count }))
      .toSorted((one, other) => other.count - one.count || (one.word < other.word ? -1 : 1));
  }
}
