import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Evidence, evidenceSchema } from '#evidence/evidence.ts';
import { reportOf } from '#evidence/pages/report-of.ts';
import { htmlOf } from '#evidence/paper/html.ts';
import { pdfOf } from '#evidence/paper/pdf.ts';
import { Failure } from '../failure.ts';
import { packFiles } from './pack-files.ts';

/** What follows from the evidence alone, by its file. */
export async function pagesOf(evidence: Evidence): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const report = reportOf(evidence);
  return new Map<string, string | Uint8Array>([
    [packFiles.schema, `${JSON.stringify(evidenceSchema, null, 1)}\n`],
    [packFiles.html, htmlOf(report)],
    [packFiles.pdf, await pdfOf(report)],
  ]);
}

/** Throws Failure `no` for a page that says something else. */
export async function holdPages(folder: string, evidence: Evidence): Promise<void> {
  for (const [file, octets] of await pagesOf(evidence))
    if (Buffer.compare(readFileSync(join(folder, file)), Buffer.from(octets)) !== 0)
      throw new Failure('no', `${file}: says something else than ${packFiles.evidence}`);
}
