import { type Hit, readAll, type Seen, type Watching } from './condition.ts';
import { type OutsideWindowSpec, weekdays } from './document.ts';
import type { FieldName } from './field.ts';

export const usualBy: readonly FieldName[] = ['type', 'change'];

/** Records whose time is in none of the windows of a week, by the clocks of one place. */
export class OutsideWindow implements Watching {
  readonly forgotten = 0;
  readonly #by: ReturnType<typeof readAll>;
  readonly #isOpen: (time: number) => boolean;

  constructor({ by = [...usualBy], timeZone, windows, closed = [] }: OutsideWindowSpec) {
    this.#by = readAll(by);
    this.#isOpen = openings(timeZone, windows, new Set(closed));
  }

  see({ entry, time }: Seen): Hit | undefined {
    if (this.#isOpen(time)) return undefined;
    const by = this.#by(entry);
    return by && { by, count: 1, seqs: [entry.seq], since: time };
  }
}

type Windows = OutsideWindowSpec['windows'];

/** A window from 22:00 to 04:00 ends on the day after, and is a window of the day on which it begins. */
function openings(timeZone: string, windows: Windows, closed: ReadonlySet<string>): (time: number) => boolean {
  const clock = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });
  const spans = windows.map(({ days, from, to }) => ({ days: new Set<string>(days), from, to }));
  return (time) => {
    const part = Object.fromEntries(clock.formatToParts(time).map(({ type, value }) => [type, value]));
    const now = `${part.hour}:${part.minute}`;
    const today = dayOf(`${part.year}-${part.month}-${part.day}`, 0);
    const yesterday = dayOf(today.date, -1);
    const isOf = ({ date, name }: Day, days: ReadonlySet<string>) => days.has(name) && !closed.has(date);
    return spans.some(({ days, from, to }) => {
      if (from < to) return isOf(today, days) && from <= now && now < to;
      return (isOf(today, days) && from <= now) || (isOf(yesterday, days) && now < to);
    });
  };
}

interface Day {
  readonly date: string;
  readonly name: string;
}

/** Days of the calendar have no time zone. */
function dayOf(date: string, later: number): Day {
  const at = new Date(Date.parse(`${date}T00:00:00Z`) + later * 86_400_000);
  return { date: at.toISOString().slice(0, 10), name: weekdays[(at.getUTCDay() + 6) % 7] ?? '' };
}
