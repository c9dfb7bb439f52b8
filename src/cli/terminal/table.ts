import { stripVTControlCharacters } from 'node:util';
import type { Style } from './style.ts';

export interface Column {
  readonly title: string;
  /** Never made narrower than this; a column without it keeps its full width. */
  readonly shrinkTo?: number;
  readonly align?: 'left' | 'right';
}

const gap = '  ';
const widthOf = (text: string) => [...stripVTControlCharacters(text)].length;

/** `abc…xyz`: both ends of a serial or an identity tell more than its beginning alone. */
export function cutInTheMiddle(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  if (width <= 1) return '…';
  const head = Math.ceil((width - 1) / 2);
  const tail = width - 1 - head;
  return `${characters.slice(0, head).join('')}…${tail > 0 ? characters.slice(-tail).join('') : ''}`;
}

/** Lines of a table no wider than `columns`; undefined (a pipe) cuts nothing. Cells are plain text without line ends. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  room: number | undefined,
  style: Style,
): string {
  const widths = widthsFor(columns, rows, room);
  const line = (cells: readonly string[], paint: (text: string) => string) =>
    columns
      .map((column, i) => {
        const text = cutInTheMiddle(cells[i] ?? '', widths[i] ?? 0);
        const padding = ' '.repeat(Math.max(0, (widths[i] ?? 0) - widthOf(text)));
        return column.align === 'right' ? padding + paint(text) : paint(text) + padding;
      })
      .join(gap)
      .trimEnd();
  const titles = line(
    columns.map((column) => column.title),
    style.heading,
  );
  return [titles, ...rows.map((row) => line(row, (text) => text))].join('\n');
}

/** Full widths, then the widest shrinkable column gives up one character at a time until the line fits. */
function widthsFor(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  room: number | undefined,
): number[] {
  const widths = columns.map((column, i) =>
    Math.max(widthOf(column.title), ...rows.map((row) => widthOf(row[i] ?? ''))),
  );
  if (room === undefined) return widths;
  let excess = widths.reduce((sum, width) => sum + width, gap.length * (columns.length - 1)) - room;
  for (; excess > 0; excess--) {
    const widest = widestShrinkable(columns, widths);
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 1) - 1;
  }
  return widths;
}

function widestShrinkable(columns: readonly Column[], widths: readonly number[]): number | undefined {
  let best: number | undefined;
  for (const [i, column] of columns.entries()) {
    const width = widths[i] ?? 0;
    if (column.shrinkTo === undefined || width <= column.shrinkTo) continue;
    if (best === undefined || width > (widths[best] ?? 0)) best = i;
  }
  return best;
}
