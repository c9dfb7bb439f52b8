import PDFDocument from 'pdfkit';
import { printable } from './printable.ts';

export const fonts = { text: 'Helvetica', strong: 'Helvetica-Bold', code: 'Courier' } as const;
export const inks = { text: '#1c1e21', quiet: '#565b63', line: '#c9ccd1', shade: '#f4f5f7' } as const;

/** Points. */
const margins = { top: 54, bottom: 64, left: 54, right: 54 } as const;
const footAt = 34;

type Structure = PDFKit.PDFStructureElement;

/** A4 sheets that are written from top to bottom, tagged for whoever has them read aloud. */
export class Sheets {
  readonly doc: PDFKit.PDFDocument;
  readonly #octets: Promise<Uint8Array>;
  /** Elements that are open, from the document down. */
  readonly #open: Structure[];
  readonly #late: { readonly sheet: number; readonly y: number; readonly text: () => string }[] = [];

  constructor({ title, time }: { readonly title: string; readonly time: string }) {
    const moment = new Date(time);
    this.doc = new PDFDocument({
      size: 'A4',
      margins,
      autoFirstPage: false,
      bufferPages: true,
      // no two versions of a compressor give the same octets
      compress: false,
      pdfVersion: '1.7',
      tagged: true,
      lang: 'en',
      displayTitle: true,
      info: {
        Title: printable(title),
        Creator: 'countersign',
        Producer: 'countersign',
        CreationDate: moment,
        ModDate: moment,
      },
    });
    const chunks: Buffer[] = [];
    this.#octets = new Promise((resolve, reject) => {
      this.doc.on('data', (chunk: Buffer) => chunks.push(chunk));
      this.doc.on('end', () => resolve(Buffer.concat(chunks)));
      this.doc.on('error', reject);
    });
    const root = this.doc.struct('Document');
    this.doc.addStructure(root);
    this.#open = [root];
  }

  get left(): number {
    return margins.left;
  }
  get width(): number {
    return this.doc.page.width - margins.left - margins.right;
  }
  /** Points down to the end of the sheet. */
  get room(): number {
    return this.doc.page.height - margins.bottom - this.doc.y;
  }
  /** Of the sheet that is written, from 1. */
  get number(): number {
    return this.doc.bufferedPageRange().count;
  }

  newSheet(): void {
    this.doc.addPage();
  }

  /** Begins the next sheet where less is left of this one. */
  need(points: number): void {
    if (this.room < points) this.newSheet();
  }

  /** What is written within it belongs to an element of this kind. */
  within(kind: string, write: () => void): void {
    const element = this.doc.struct(kind);
    this.#open.at(-1)?.add(element);
    this.#open.push(element);
    write();
    this.#open.pop();
    element.end();
  }

  /** A leaf: what is drawn is its content, on as many sheets as it takes. */
  leaf(kind: string, draw: () => void): void {
    const content = this.doc.markStructureContent(kind);
    draw();
    this.doc.endMarkedContent();
    this.#open.at(-1)?.add(this.doc.struct(kind, {}, [content]));
  }

  /** Lines and grounds, of which nobody is told. */
  ornament(draw: () => void): void {
    this.doc.markContent('Artifact', { type: 'Layout' });
    draw();
    this.doc.endMarkedContent();
  }

  line(y: number, ink: string = inks.line, width = 0.5): void {
    this.ornament(() => {
      this.doc
        .moveTo(this.left, y)
        .lineTo(this.left + this.width, y)
        .lineWidth(width)
        .stroke(ink);
    });
  }

  /** Written when all sheets are there: a number at the right end of a line, which is not known before. */
  later(text: () => string): void {
    this.#late.push({ sheet: this.number - 1, y: this.doc.y, text });
  }

  /** What was left for later, and a foot on each sheet; then all of it. */
  async finish(foot: string): Promise<Uint8Array> {
    for (const { sheet, y, text } of this.#late) {
      this.doc.switchToPage(sheet);
      this.doc.markContent('Artifact', { type: 'Pagination' });
      this.doc.font(fonts.text).fontSize(8).fillColor(inks.quiet);
      this.doc.text(text(), this.left, y, { width: this.width, align: 'right', lineBreak: false });
      this.doc.endMarkedContent();
    }
    const { count } = this.doc.bufferedPageRange();
    for (let at = 0; at < count; at++) {
      this.doc.switchToPage(at);
      this.doc.page.margins.bottom = 0;
      const y = this.doc.page.height - footAt;
      this.doc.markContent('Artifact', { type: 'Pagination' });
      this.doc.font(fonts.text).fontSize(7.5).fillColor(inks.quiet);
      this.doc.text(printable(foot), this.left, y, { width: this.width - 80, lineBreak: false, ellipsis: true });
      this.doc.text(`Page ${at + 1} of ${count}`, this.left, y, {
        width: this.width,
        align: 'right',
        lineBreak: false,
      });
      this.doc.endMarkedContent();
    }
    this.#open[0]?.end();
    this.doc.end();
    return await this.#octets;
  }
}
