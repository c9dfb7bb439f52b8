import { cefUnder } from '#export/cef/cef.ts';
import type { RowFormat } from '#export/format.ts';
import type { RowFormatName } from '#export/format-names.ts';
import { rowFormats } from '#export/row-formats.ts';
import type { RowTarget } from './settings.ts';

/** How a sink has its records written. */
export function rowFormatOf(to: RowTarget, format: RowFormatName): RowFormat {
  const number = to.kind === 'syslog' ? to.enterpriseNumber : undefined;
  return number === undefined ? rowFormats[format] : cefUnder(number);
}
