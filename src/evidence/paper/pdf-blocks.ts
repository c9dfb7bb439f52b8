import { type Block, piecesOf, type Table } from '../pages/report.ts';
import { printable } from './printable.ts';
import { fonts, inks, type Sheets } from './sheets.ts';

const bodySize = 9.5;
const codeSize = 8;
const smallSize = 8;
const cellSize = 7.4;
const gap = 6;
/** Of its size. */
const helveticaAscent = 0.718;

export function drawBlock(sheets: Sheets, block: Block): void {
  switch (block.block) {
    case 'heading':
      sheets.need(144);
      sheets.doc.y += gap;
      sheets.leaf('H3', () => text(sheets, block.text, { font: fonts.strong, size: 11 }));
      sheets.doc.y += 3;
      break;
    case 'text':
      sheets.need(26);
      sheets.leaf('P', () => mixed(sheets, block.text, block.quiet ? { size: smallSize, ink: inks.quiet } : {}));
      sheets.doc.y += gap;
      break;
    case 'list':
      drawList(sheets, block.items);
      break;
    case 'facts':
      drawFacts(sheets, block.facts);
      break;
    case 'code':
      drawCode(sheets, block.label, block.text);
      break;
    case 'table':
      drawTable(sheets, block);
  }
}

interface Look {
  readonly font?: string;
  readonly size?: number;
  readonly ink?: string;
  readonly x?: number;
  readonly width?: number;
}

function text({ doc, left, width: full }: Sheets, words: string, look: Look): void {
  const { font = fonts.text, size = bodySize, ink = inks.text, x = left, width = full } = look;
  doc.font(font).fontSize(size).fillColor(ink);
  doc.text(printable(words), x, doc.y, { width, lineGap: 1.5 });
}

/** A text with pieces of code in it. */
function mixed({ doc, left, width: full }: Sheets, words: string, look: Look): void {
  const { size = bodySize, ink = inks.text, x = left, width = full } = look;
  const pieces = piecesOf(words);
  // Two fonts on one line stand on one base line, and not below one edge.
  const ascent = helveticaAscent * size;
  doc.fillColor(ink);
  doc.y += ascent;
  for (const [at, piece] of pieces.entries()) {
    const options = { width, lineGap: 1.5, baseline: 'alphabetic', continued: at < pieces.length - 1 } as const;
    doc.font(piece.code ? fonts.code : fonts.text).fontSize(piece.code ? size - 0.8 : size);
    if (at === 0) doc.text(printable(piece.text), x, doc.y, options);
    else doc.text(printable(piece.text), options);
  }
  doc.y -= ascent;
}

function drawList(sheets: Sheets, items: readonly string[]): void {
  const indent = 12;
  sheets.within('L', () => {
    for (const item of items) {
      sheets.need(26);
      sheets.within('LI', () => {
        const { y } = sheets.doc;
        sheets.leaf('Lbl', () => text(sheets, '•', {}));
        sheets.doc.y = y;
        sheets.leaf('LBody', () => mixed(sheets, item, { x: sheets.left + indent, width: sheets.width - indent }));
      });
      sheets.doc.y += 2;
    }
  });
  sheets.doc.y += gap - 2;
}

function drawFacts(sheets: Sheets, all: readonly (readonly [string, string])[]): void {
  const nameWidth = 112;
  const look = { x: sheets.left + nameWidth, width: sheets.width - nameWidth };
  for (const [name, value] of all) {
    sheets.doc.font(fonts.text).fontSize(bodySize);
    sheets.need(Math.min(200, sheets.doc.heightOfString(printable(value), { width: look.width, lineGap: 1.5 })));
    const { y } = sheets.doc;
    sheets.within('P', () => {
      sheets.leaf('Span', () => text(sheets, name, { width: nameWidth - 8, ink: inks.quiet }));
      const { y: end } = sheets.doc;
      sheets.doc.y = y;
      sheets.leaf('Span', () => mixed(sheets, value, look));
      sheets.doc.y = Math.max(end, sheets.doc.y) + 2.5;
    });
  }
  sheets.doc.y += gap - 2;
}

/** On a ground, where it fits on one sheet. */
function drawCode(sheets: Sheets, label: string, code: string): void {
  const { doc } = sheets;
  const inset = 6;
  const width = sheets.width - 2 * inset;
  doc.font(fonts.code).fontSize(codeSize);
  const height = doc.heightOfString(printable(code), { width, lineGap: 1.5 });
  const isShort = height < 260;
  sheets.need(isShort ? height + 2 * inset + 16 : 60);
  sheets.leaf('P', () => text(sheets, label, { size: smallSize, ink: inks.quiet }));
  doc.y += 1;
  const top = doc.y;
  if (isShort) sheets.ornament(() => doc.rect(sheets.left, top, sheets.width, height + 2 * inset - 3).fill(inks.shade));
  doc.y = top + inset;
  const look = { font: fonts.code, size: codeSize, x: sheets.left + inset, width };
  sheets.within('P', () => sheets.leaf('Code', () => text(sheets, code, look)));
  doc.y += inset + gap;
}

function drawTable(sheets: Sheets, { caption, columns, rows }: Table): void {
  const { doc } = sheets;
  const pad = 6;
  const shares = columns.reduce((sum, { share = 1 }) => sum + share, 0);
  const widths = columns.map(({ share = 1 }) => (sheets.width * share) / shares);
  const heightOf = (cells: readonly string[], font: string) => {
    doc.font(font).fontSize(cellSize);
    const heights = cells.map((cell, at) =>
      doc.heightOfString(printable(cell), { width: (widths[at] ?? pad) - pad - (columns[at]?.align ? 6 : 0) }),
    );
    return Math.max(10, ...heights) + pad;
  };
  const drawRow = (cells: readonly string[], height: number, kind: 'TH' | 'TD') => {
    const font = kind === 'TH' ? fonts.strong : fonts.text;
    const top = doc.y;
    let x = sheets.left;
    sheets.within('TR', () => {
      for (const [at, cell] of cells.entries()) {
        const width = widths[at] ?? pad;
        sheets.leaf(kind, () => {
          doc
            .font(font)
            .fontSize(cellSize)
            .fillColor(kind === 'TH' ? inks.quiet : inks.text);
          const isRight = columns[at]?.align === 'right';
          const options = { width: width - pad - (isRight ? 6 : 0), align: isRight ? 'right' : 'left' } as const;
          doc.text(printable(cell), x, top + pad / 2, options);
        });
        x += width;
      }
    });
    doc.y = top + height;
    sheets.line(doc.y - 1, kind === 'TH' ? inks.text : inks.line);
  };
  const titles = columns.map(({ title }) => title);
  const drawTitles = () => drawRow(titles, heightOf(titles, fonts.strong), 'TH');
  sheets.need(70);
  sheets.within('Table', () => {
    sheets.leaf('Caption', () => text(sheets, caption, { size: smallSize, ink: inks.quiet }));
    drawTitles();
    for (const cells of rows) {
      const height = heightOf(cells, fonts.text);
      if (sheets.room < height) {
        sheets.newSheet();
        drawTitles();
      }
      drawRow(cells, height, 'TD');
    }
  });
  doc.y += gap + 2;
}
