import type { Page, Report } from '../pages/report.ts';
import { drawBlock } from './pdf-blocks.ts';
import { printable } from './printable.ts';
import { fonts, inks, Sheets } from './sheets.ts';

/** The same pages on paper, with an outline and a list of contents; the same report gives the same octets. */
export async function pdfOf({ title, subtitle, time, foot, pages }: Report): Promise<Uint8Array> {
  const sheets = new Sheets({ title: `${title}, ${subtitle}`, time });
  const drawn: Drawn = { places: new Map(), parts: new Map() };
  const [cover, ...rest] = pages;
  sheets.newSheet();
  sheets.leaf('H1', () => write(sheets, title, { font: fonts.strong, size: 20 }));
  sheets.leaf('P', () => write(sheets, subtitle, { size: 13, ink: inks.quiet }));
  sheets.doc.y += 6;
  sheets.line(sheets.doc.y, inks.text, 1);
  sheets.doc.y += 14;
  if (cover !== undefined) drawPage(sheets, cover, drawn);
  sheets.newSheet();
  drawContents(sheets, rest, drawn);
  for (const page of rest) {
    sheets.newSheet();
    drawPage(sheets, page, drawn);
  }
  return await sheets.finish(foot);
}

interface Drawn {
  /** The sheet on which each page begins, by its id. */
  readonly places: Map<string, number>;
  readonly parts: Map<string, PDFKit.PDFOutline>;
}

function drawPage(sheets: Sheets, page: Page, { places, parts }: Drawn): void {
  const { id, title, part, blocks } = page;
  const { doc } = sheets;
  places.set(id, sheets.number);
  doc.addNamedDestination(id);
  if (part === title) doc.outline.addItem(printable(title));
  else {
    const above = parts.get(part) ?? doc.outline.addItem(printable(part));
    parts.set(part, above);
    above.addItem(printable(title));
  }
  sheets.within('Sect', () => {
    if (part !== title) sheets.leaf('P', () => write(sheets, part, { size: 9, ink: inks.quiet }));
    doc.y += 2;
    sheets.leaf('H2', () => write(sheets, title, { font: fonts.strong, size: 15 }));
    doc.y += 8;
    for (const block of blocks) drawBlock(sheets, block);
  });
}

function drawContents(sheets: Sheets, pages: readonly Page[], { places }: Drawn): void {
  const { doc } = sheets;
  const numberWidth = 30;
  const sumWidth = 135;
  doc.outline.addItem('Pages');
  sheets.leaf('H2', () => write(sheets, 'Pages', { font: fonts.strong, size: 15 }));
  doc.y += 4;
  for (const [part, own] of Map.groupBy(pages, (page) => page.part)) {
    sheets.need(48);
    doc.y += 8;
    sheets.leaf('H3', () => write(sheets, part, { font: fonts.strong, size: 10 }));
    doc.y += 3;
    sheets.within('TOC', () => {
      for (const { id, title, sum } of own) {
        sheets.need(14);
        const { y } = doc;
        sheets.within('TOCI', () =>
          sheets.leaf('Reference', () => {
            const width = sheets.width - numberWidth - sumWidth;
            doc.font(fonts.text).fontSize(9).fillColor(inks.text);
            doc.text(printable(title), sheets.left, y, { width, height: 11, ellipsis: true, goTo: id });
            doc.fontSize(8).fillColor(inks.quiet);
            doc.text(printable(sum), sheets.left + width, y + 0.5, { width: sumWidth, height: 11, ellipsis: true });
          }),
        );
        doc.y = y;
        sheets.later(() => String(places.get(id) ?? ''));
        doc.y = y + 13;
      }
    });
  }
}

interface Look {
  readonly font?: string;
  readonly size: number;
  readonly ink?: string;
}

function write({ doc, left, width }: Sheets, words: string, { font = fonts.text, size, ink = inks.text }: Look): void {
  doc.font(font).fontSize(size).fillColor(ink);
  doc.text(printable(words), left, doc.y, { width });
}
