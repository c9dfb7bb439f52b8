import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import type { Clock } from '#issuance/ports.ts';
import { CeremonyError } from './ceremony-error.ts';
import type { Shelf } from './ports.ts';

const strict = { additionalProperties: false } as const;
const hex = Type.String({ pattern: '^([0-9a-f]{2})*$' });
const base64 = Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$' });
const flat = Type.Record(Type.String(), Type.Union([Type.String(), Type.Boolean()]));

/**
 * One line of the journal. Intent is durable before the step, outcome after it; a step with an intent alone was
 * interrupted and is taken up again with the very bytes of its intent.
 */
const EntrySchema = Type.Union([
  Type.Object(
    {
      at: Type.String(),
      step: Type.Literal('open'),
      ceremony: Type.String(),
      fileSha256: hex,
      operators: Type.Array(Type.String()),
      approvers: Type.Array(Type.String()),
    },
    strict,
  ),
  Type.Object(
    { at: Type.String(), step: Type.Literal('key-intent'), label: Type.String(), kind: Type.String() },
    strict,
  ),
  Type.Object(
    {
      at: Type.String(),
      step: Type.Literal('key'),
      label: Type.String(),
      kind: Type.String(),
      spkiSha256: hex,
      spki: base64,
      token: Type.Optional(flat),
      attributes: Type.Optional(flat),
    },
    strict,
  ),
  Type.Object(
    { at: Type.String(), step: Type.Literal('certificate-intent'), label: Type.String(), terms: hex, tbs: base64 },
    strict,
  ),
  Type.Object(
    { at: Type.String(), step: Type.Literal('certificate'), label: Type.String(), sha256: hex, der: base64 },
    strict,
  ),
  Type.Object({ at: Type.String(), step: Type.Literal('request'), label: Type.String(), der: base64 }, strict),
  Type.Object(
    {
      at: Type.String(),
      step: Type.Literal('installed'),
      label: Type.String(),
      sha256: hex,
      chain: Type.Array(base64),
    },
    strict,
  ),
  Type.Object(
    {
      at: Type.String(),
      step: Type.Literal('crl-intent'),
      label: Type.String(),
      number: Type.Integer(),
      terms: hex,
      tbs: base64,
    },
    strict,
  ),
  Type.Object(
    {
      at: Type.String(),
      step: Type.Literal('crl'),
      label: Type.String(),
      number: Type.Integer(),
      sha256: hex,
      der: base64,
    },
    strict,
  ),
]);

export type Entry = Static<typeof EntrySchema>;
export type StepName = Entry['step'];
type Timeless<Any> = Any extends Entry ? Omit<Any, 'at'> : never;
export type NewEntry = Timeless<Entry>;
export type EntryOf<Step extends StepName> = Extract<Entry, { step: Step }>;

/** How far a ceremony has come, on disk beside what it makes. */
export class Journal {
  readonly #shelf: Shelf;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #entries: Entry[];

  private constructor(shelf: Shelf, path: string, clock: Clock, entries: Entry[]) {
    this.#shelf = shelf;
    this.#path = path;
    this.#clock = clock;
    this.#entries = entries;
  }

  /** Throws CeremonyError `journal` for a file that is not one. A torn last line is a step that never was. */
  static async open(path: string, shelf: Shelf, clock: Clock): Promise<Journal> {
    const text = (await shelf.read(path)) ?? '';
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const entries = whole
      .split('\n')
      .filter(Boolean)
      .map((line, i) => parse(line, path, i + 1));
    // Without this, the next line would be joined to the torn one.
    if (whole.length < text.length) await shelf.replace(path, whole);
    return new Journal(shelf, path, clock, entries);
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** The newest entry of a step for a label. */
  last<Step extends StepName>(step: Step, label?: string): EntryOf<Step> | undefined {
    const is = (entry: Entry): entry is EntryOf<Step> =>
      entry.step === step && (label === undefined || ('label' in entry && entry.label === label));
    return this.#entries.findLast(is);
  }

  /** Durable when this resolves. */
  async write(entry: NewEntry): Promise<void> {
    const whole: Entry = { at: new Date(this.#clock.now()).toISOString(), ...entry };
    await this.#shelf.append(this.#path, JSON.stringify(whole));
    this.#entries.push(whole);
  }
}

function parse(line: string, path: string, number: number): Entry {
  try {
    const entry: unknown = JSON.parse(line);
    if (Value.Check(EntrySchema, entry)) return entry;
  } catch {
    // said below
  }
  throw new CeremonyError(
    'journal',
    `${path}:${number}: this line is not one that a ceremony writes; restore the journal from a copy`,
  );
}
