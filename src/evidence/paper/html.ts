import { type Block, type Page, piecesOf, type Report, type Table } from '../pages/report.ts';
import { style } from './style.ts';

/** A page of HTML that needs nothing else: no script, no font, no picture from anywhere. */
export function htmlOf(report: Report): string {
  const { title, subtitle, foot, pages } = report;
  const [cover, ...rest] = pages;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(`${title}, ${subtitle}`)}</title>
<style>
${style}</style>
</head>
<body>
<a class="skip" href="#summary">To the summary</a>
<header>
<h1>${escaped(title)}</h1>
<p>${escaped(subtitle)}</p>
</header>
<main>
${cover === undefined ? '' : pageHtml(cover)}${contents(rest)}${rest.map(pageHtml).join('')}</main>
<footer>
<p>${escaped(foot)}</p>
</footer>
</body>
</html>
`;
}

function contents(pages: readonly Page[]): string {
  const parts = Map.groupBy(pages, ({ part }) => part);
  const lists = [...parts].map(([part, own]) => {
    const items = own.map(
      ({ id, title, sum }) => `<li><a href="#${id}">${escaped(title)}</a> <span>${escaped(sum)}</span></li>\n`,
    );
    return `<h3>${escaped(part)}</h3>\n<ul>\n${items.join('')}</ul>\n`;
  });
  return `<nav aria-labelledby="contents">\n<h2 id="contents">Pages</h2>\n${lists.join('')}</nav>\n`;
}

function pageHtml({ id, title, part, blocks }: Page): string {
  const over = part === title ? '' : `<p class="part">${escaped(part)}</p>\n`;
  return `<section id="${id}" aria-labelledby="${id}-title">
${over}<h2 id="${id}-title">${escaped(title)}</h2>
${blocks.map(blockHtml).join('')}</section>
`;
}

function blockHtml(block: Block): string {
  switch (block.block) {
    case 'heading':
      return `<h3>${escaped(block.text)}</h3>\n`;
    case 'text':
      return `<p${block.quiet ? ' class="quiet"' : ''}>${inline(block.text)}</p>\n`;
    case 'list':
      return `<ul>\n${block.items.map((item) => `<li>${inline(item)}</li>\n`).join('')}</ul>\n`;
    case 'facts':
      return `<dl>\n${block.facts.map(([name, value]) => `<div><dt>${escaped(name)}</dt><dd>${inline(value)}</dd></div>\n`).join('')}</dl>\n`;
    case 'code':
      return `<figure>\n<figcaption>${escaped(block.label)}</figcaption>\n<pre><code>${escaped(block.text)}</code></pre>\n</figure>\n`;
    case 'table':
      return tableHtml(block);
  }
}

function tableHtml({ caption, columns, rows }: Table): string {
  const right = (at: number) => (columns[at]?.align === 'right' ? ' class="right"' : '');
  const shares = columns.reduce((sum, { share = 1 }) => sum + share, 0);
  const widths = columns.map(({ share = 1 }) => `<col style="width: ${((100 * share) / shares).toFixed(1)}%">`);
  const titles = columns.map(({ title }, at) => `<th scope="col"${right(at)}>${escaped(title)}</th>`);
  const lines = rows.map(
    (cells) => `<tr>${cells.map((cell, at) => `<td${right(at)}>${escaped(cell)}</td>`).join('')}</tr>\n`,
  );
  return `<div class="table" tabindex="0" role="region" aria-label="${escaped(caption)}">
<table>
<caption>${escaped(caption)}</caption>
<colgroup>${widths.join('')}</colgroup>
<thead><tr>${titles.join('')}</tr></thead>
<tbody>
${lines.join('')}</tbody>
</table>
</div>
`;
}

const inline = (text: string) =>
  piecesOf(text)
    .map((piece) => (piece.code ? `<code>${escaped(piece.text)}</code>` : escaped(piece.text)))
    .join('');

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Controls, and marks that reorder or hide text, are shown as what they are: what a caller called itself comes here too. */
const unsafe = /[^\P{Cc}\n\t]|[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

function escaped(text: string): string {
  return text
    .replace(unsafe, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`)
    .replace(/[&<>"']/g, (c) => entities[c] ?? c);
}
