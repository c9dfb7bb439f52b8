import type { Asked } from '#audit/questions/ask.ts';
import { type Question, questions } from '#audit/questions/catalogue.ts';

type Value = Readonly<Record<string, unknown>>;

/** An entry as anybody reads it. */
export interface Read {
  readonly seq: number;
  readonly time: number;
  readonly type: string;
  readonly value: Value;
}

export function read(octets: Uint8Array): Read {
  const value: Value = JSON.parse(Buffer.from(octets).toString());
  return { seq: Number(value.seq), time: Date.parse(String(value.time)), type: String(value.type), value };
}

const isValue = (value: unknown): value is Value => typeof value === 'object' && value !== null;

export function at({ value }: Read, path: string): string | undefined {
  let found: unknown = value;
  for (const name of path.split('.')) found = isValue(found) ? found[name] : undefined;
  return typeof found === 'string' ? found : undefined;
}

const identityOf = (entry: Read) => at(entry, 'certificate.identity') ?? at(entry, 'caller.identity');
export const keyOf = (entry: Read) => at(entry, 'certificate.key.spkiSha256') ?? at(entry, 'asked.key.spkiSha256');
const ended = (entry: Read) => Date.parse(at(entry, 'certificate.notAfter') ?? '');
const begun = (entry: Read) => Date.parse(at(entry, 'certificate.notBefore') ?? '');
const under = (word: string | undefined, start: string) => word === start || word?.startsWith(`${start}.`) === true;
const accountOf = (entry: Read) => {
  const other = /\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(at(entry, 'onBehalfOf.identity') ?? '');
  const [namespace, name] = other
    ? [other[1], other[2]]
    : [at(entry, 'caller.namespace'), at(entry, 'caller.serviceAccount')];
  return { namespace, account: namespace === undefined ? undefined : `${namespace}/${name}` };
};

/** What each filter means, said once more over entries, one after the other. */
function passes(entry: Read, { filters: f }: Asked): boolean {
  const is = (wanted: string | undefined, found: string | undefined) => wanted === undefined || wanted === found;
  const hash = (word: string | undefined) => word !== undefined && word.length >= 40;
  return (
    is(f.identity, identityOf(entry)) &&
    (identityOf(entry) ?? '').startsWith(f['identity-prefix'] ?? '') &&
    is(f['trust-domain'], identityOf(entry)?.split('/')[2]) &&
    is(f.cluster, at(entry, 'caller.cluster')) &&
    is(f.namespace, accountOf(entry).namespace) &&
    is(f['service-account'], accountOf(entry).account) &&
    is(f.pod, at(entry, 'onBehalfOf.pod.name') ?? at(entry, 'caller.pod.name')) &&
    is(f.node, at(entry, 'caller.node') ?? at(entry, 'onBehalfOf.node')) &&
    is(f.key, keyOf(entry)) &&
    is(f['key-kind'], at(entry, 'certificate.key.kind') ?? at(entry, 'asked.key.kind')) &&
    is(f.serial, at(entry, 'certificate.serial')) &&
    is(f.sha256, at(entry, 'certificate.sha256')) &&
    is(f.issuer, at(entry, hash(f.issuer) ? 'certificate.issuer.keyId' : 'certificate.issuer.name')) &&
    (hash(f.policy)
      ? is(f.policy, at(entry, entry.type === 'policy.loaded' ? 'change.afterSha256' : 'decision.policySetId'))
      : is(f.policy, at(entry, 'decision.policy'))) &&
    is(f.outcome, at(entry, 'outcome')) &&
    (f.reason === undefined || under(at(entry, 'reason'), f.reason)) &&
    (f.type === undefined || under(entry.type, f.type)) &&
    is(f.token, at(entry, 'caller.credential.jti')) &&
    entry.time >= (f.since ?? 0) &&
    entry.time <= (f.until ?? Number.MAX_SAFE_INTEGER)
  );
}

/** Every record that answers, newest first: a walk over all entries for each of them. */
export function referenceAnswer(entries: readonly Read[], asked: Asked): number[] {
  const question: Question = questions[asked.name];
  if (question.answer !== 'records') throw new Error(`${asked.name} is answered by counts`);
  const issued = entries.filter(({ type }) => type === 'certificate.issued');
  const { types, reasons, kept } = question;
  const within = asked.filters.within ?? question.within;
  const moment = asked.filters.at ?? asked.now;
  const mustHold = question.holding === true || asked.filters.at !== undefined || within !== undefined;
  const found = entries.filter(
    (entry) =>
      passes(entry, asked) &&
      (types === undefined || types.some((type) => type === entry.type)) &&
      (reasons === undefined || reasons.some((reason) => reason === at(entry, 'reason'))) &&
      (!mustHold || holds(entry, moment, entries)) &&
      (within === undefined || ended(entry) <= moment + within) &&
      (kept !== 'impersonated' || entry.value.onBehalfOf !== undefined) &&
      (kept !== 'shared-key' || isShared(entry, issued)) &&
      (kept !== 'old-key' || moment - firstUse(entry, issued).time >= (asked.filters['older-than'] ?? 0)) &&
      (kept !== 'not-renewed' || isDue(entry, moment, issued)),
  );
  return found.map(({ seq }) => seq).toReversed();
}

function holds(entry: Read, moment: number, entries: readonly Read[]): boolean {
  if (entry.type !== 'certificate.issued' || !(begun(entry) <= moment && moment < ended(entry))) return false;
  return !entries.some(
    (other) =>
      other.type === 'certificate.revoked' &&
      at(other, 'certificate.serial') === at(entry, 'certificate.serial') &&
      at(other, 'certificate.issuer.keyId') === at(entry, 'certificate.issuer.keyId') &&
      Date.parse(at(other, 'revocation.effective') ?? '') <= moment,
  );
}

const firstUses = new WeakMap<Read, Read>();

/** The first certificate of this one's key; each is looked for once. */
function firstUse(entry: Read, issued: readonly Read[]): Read {
  const found = firstUses.get(entry) ?? issued.find((other) => keyOf(other) === keyOf(entry)) ?? entry;
  firstUses.set(entry, found);
  return found;
}

const isShared = (entry: Read, issued: readonly Read[]) =>
  entry.type === 'certificate.issued' && identityOf(firstUse(entry, issued)) !== identityOf(entry);

function isDue(entry: Read, moment: number, issued: readonly Read[]): boolean {
  if (moment < begun(entry) + ((ended(entry) - begun(entry)) * 2) / 3) return false;
  return !issued.some(
    (other) =>
      identityOf(other) === identityOf(entry) &&
      (ended(other) > ended(entry) || (ended(other) === ended(entry) && other.seq > entry.seq)),
  );
}
