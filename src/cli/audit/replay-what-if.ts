import type { Entry } from '#audit/entry.ts';
import { memberOf, textOf } from '#audit/json-object.ts';
import { readFiles } from '#document/files.ts';
import { Misfit } from '#issuance/replay/finding.ts';
import { Replay } from '#issuance/replay/replay.ts';
import { type PolicySet, policySet } from '#policy/set.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { plain } from '../terminal/plain.ts';
import { table } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { identityOf, serialOf } from './filters.ts';
import { isWithin, listedOf, missedIn, mostListed, type Period } from './replay.ts';
import type { replayOptions } from './replay-options.ts';
import { type Gap, type Walker, walkVerified } from './replayed-log.ts';

interface Refused {
  readonly index: number;
  readonly identity: string;
  readonly serial: string;
  readonly notAfter: string;
  readonly code: string;
  readonly message: string;
}

/** Certificates that hold now, each asked for again under other policies. */
class WhatIf implements Walker {
  readonly #replay = new Replay();
  readonly #refused = new Map<string, Refused>();
  readonly #period: Period;
  readonly #now: string;
  readonly #set: PolicySet;
  live = 0;
  /** Refused ones that there was no room to list. */
  unlisted = 0;
  /** Whose question cannot be asked again from the log. */
  unasked = 0;
  /** Records of which only the hashes are left: a log's own rule drops none whose certificate holds, and nobody can tell. */
  dropped = 0;

  constructor(set: PolicySet, period: Period, now: number) {
    this.#set = set;
    this.#period = period;
    this.#now = new Date(now).toISOString();
  }

  get refused(): readonly Refused[] {
    return [...this.#refused.values()];
  }

  missed(gap: Gap): void {
    this.dropped += missedIn(gap, this.#period);
  }

  take(entry: Entry): void {
    this.#replay.learn(entry);
    if (entry.type === 'certificate.revoked') this.#revoked(entry);
    const notAfter = textOf(memberOf(entry.certificate, 'notAfter')) ?? '';
    if (entry.type !== 'certificate.issued' || notAfter <= this.#now || !isWithin(entry, this.#period)) return;
    this.live++;
    const refusal = this.#ask(entry);
    if (refusal === undefined) return;
    const { code, message } = refusal;
    const listed = { index: entry.seq, identity: identityOf(entry) ?? '-', serial: serialOf(entry) ?? '-' };
    if (this.#refused.size === mostListed) this.unlisted++;
    else this.#refused.set(certificateIn(entry), { ...listed, notAfter, code, message });
  }

  #ask(entry: Entry): Refusal | undefined {
    try {
      return this.#replay.ask(entry, this.#set);
    } catch (thrown) {
      if (!(thrown instanceof Misfit || thrown instanceof Refusal || thrown instanceof RangeError)) throw thrown;
      this.unasked++;
      return undefined;
    }
  }

  /** What is revoked needs no replacing. */
  #revoked(entry: Entry): void {
    const effective = textOf(memberOf(entry.revocation, 'effective')) ?? '';
    if (effective <= this.#now) this.#refused.delete(certificateIn(entry));
  }
}

/** Issuer's key and serial: what names a certificate. */
const certificateIn = (entry: Entry) =>
  `${textOf(memberOf(memberOf(entry.certificate, 'issuer'), 'keyId'))} ${serialOf(entry)}`;

export async function runWhatIf(
  input: Input<typeof replayOptions>,
  period: Period,
  now: number,
  terminal: Terminal,
): Promise<Exit> {
  const { options } = input;
  const most = listedOf(options);
  const set = policySet(readFiles(options.policies), now);
  const asked = new WhatIf(set, period, now);
  const size = await walkVerified(input, terminal, asked);
  const { refused, live, unasked, dropped } = asked;
  const count = refused.length + asked.unlisted;
  const listed = refused.slice(0, most);
  if (options.json) {
    terminal.printJson({ size, ...(dropped > 0 && { dropped }), setId: set.id, live, unasked, count, refused: listed });
    return count === 0 ? 'ok' : 'no';
  }
  print({ listed, count, live }, terminal);
  if (dropped > 0)
    terminal.note(
      `of ${dropped} records only the hashes are left: the log's own rule drops none whose certificate holds`,
    );
  if (unasked > 0) terminal.note(terminal.noteStyle.warn(`${unasked} cannot be asked for again from the log`));
  return count === 0 ? 'ok' : 'no';
}

interface Shown {
  readonly listed: readonly Refused[];
  readonly count: number;
  readonly live: number;
}

function print({ listed, count, live }: Shown, terminal: Terminal): void {
  const { style } = terminal;
  if (count === 0) {
    terminal.print(`${style.good('permitted')}  all ${live} certificates that hold now`);
    return;
  }
  terminal.print(`${style.bad('refused')}  ${count} of ${live} certificates that hold now`);
  const columns = [
    { title: 'INDEX', align: 'right' } as const,
    { title: 'IDENTITY', shrinkTo: 24 },
    { title: 'SERIAL', shrinkTo: 12 },
    { title: 'NOT AFTER' },
    { title: 'REASON', shrinkTo: 24 },
  ];
  const rows = listed.map(({ index, identity, serial, notAfter, code, message }) => [
    ...[String(index), plain(identity), serial, notAfter],
    plain(`${code}: ${message}`),
  ]);
  terminal.print(table(columns, rows, terminal.columns, style));
  if (count > listed.length) terminal.note(terminal.noteStyle.dim(`and ${count - listed.length} more: --limit`));
}
