import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Entry } from '#audit/entry.ts';
import { decodeEntry } from '#audit/entry.ts';
import { standards } from '#evidence/controls/standards.ts';
import { Gathering } from '#evidence/gather/gathering.ts';
import { type Block, piecesOf, type Report } from '#evidence/pages/report.ts';
import { reportOf } from '#evidence/pages/report-of.ts';
import { htmlOf } from '#evidence/paper/html.ts';
import { pdfOf } from '#evidence/paper/pdf.ts';
import { printable } from '#evidence/paper/printable.ts';
import { scratch } from '#test/cli/run-cli.ts';
import { describeWith, oracle } from '#test/oracles.ts';
import { entryAt, octetsOf } from '#test/support/day/entries.ts';

/** What a caller called itself, and what a policy says, goes onto the pages: it is text there, whatever it would be elsewhere. */
const hostile = '<script>alert("1")</script> & \u202egnp.exe 中文 \u0007';
const size = 520;

function report(): Report {
  const root = Buffer.alloc(32, 7).toString('base64');
  const gathering = new Gathering(
    { name: '2026', since: Date.parse('2026-01-01T00:00:00Z'), until: Date.parse('2027-01-01T00:00:00Z') },
    { root, word: undefined },
  );
  const denied = octetsOf(size, {
    type: 'admin.denied',
    outcome: 'denied',
    reason: 'authz.role',
    actor: { user: hostile },
    action: { route: 'a'.repeat(500) },
  });
  for (let n = 0; n < size; n++) gathering.take(decodeEntry(entryAt(n)));
  gathering.take(decodeEntry(denied) satisfies Entry);
  const about = { origin: 'log.example/day', size: size + 1, root, hashesOnly: [], kept: [], witnesses: ['north'] };
  return reportOf(gathering.result(about, '1.2.3', undefined));
}

const textsOf = (block: Block): readonly string[] => {
  switch (block.block) {
    case 'heading':
      return [block.text];
    case 'text':
      return piecesOf(block.text).map(({ text }) => text);
    case 'list':
      return block.items.flatMap((item) => piecesOf(item).map(({ text }) => text));
    case 'facts':
      return block.facts.flatMap(([name, value]) => [name, ...piecesOf(value).map(({ text }) => text)]);
    case 'code':
      return [block.label, block.text];
    case 'table':
      return [block.caption, ...block.columns.map(({ title }) => title), ...block.rows.flat()];
  }
};

const whole = report();
const texts = whole.pages.flatMap(({ title, part, blocks }) => [title, part, ...blocks.flatMap(textsOf)]);

describe('the pages in HTML', () => {
  const html = htmlOf(whole);

  it('need nothing from elsewhere, and run nothing', () => {
    expect(html).toContain("default-src 'none'");
    expect(html.replaceAll(/<code>[\s\S]*?<\/code>/g, '')).not.toMatch(
      /https?:|url\(|@import|<script|<link|<img|\son\w+=/i,
    );
    expect(html).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; \\u{202e}gnp.exe 中文 \\u{7}');
  });

  it('close every element that they open, have every id once, and lead nowhere that is not there', () => {
    const open: string[] = [];
    for (const [, slash, name = ''] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*>/g)) {
      if (['meta', 'col', 'br'].includes(name)) continue;
      if (slash === '') open.push(name);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of html.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(id);
    for (const [, id] of html.matchAll(/aria-labelledby="([^"]+)"/g)) expect(ids).toContain(id);
  });

  it('say what language they are in, have headings in order, and a head over every column', () => {
    expect(html).toContain('<html lang="en">');
    const levels = [...html.matchAll(/<h([1-6])[ >]/g)].map(([, level]) => Number(level));
    expect(levels[0]).toBe(1);
    for (const [at, level] of levels.entries()) expect(level - (levels[at - 1] ?? 0)).toBeLessThanOrEqual(1);
    const tables = html.split('<table>').slice(1);
    expect(tables.length).toBeGreaterThan(10);
    for (const table of tables) expect(table).toMatch(/^\s*<caption>.+<\/caption>[\s\S]*?<th scope="col"/);
  });

  it('have a page for each control', () => {
    const controls = standards.flatMap((standard) => standard.controls);
    expect(whole.pages).toHaveLength(controls.length + 2);
    for (const { number, title } of controls)
      expect(html).toMatch(new RegExp(`>${number.replaceAll(/[().]/g, '\\$&')} +${title}</h2>`));
  });
});

describe('the pages on paper', () => {
  it('are the same octets for the same evidence', async () => {
    expect(Buffer.compare(await pdfOf(whole), await pdfOf(report()))).toBe(0);
  });

  it('write what their fonts cannot show as its number', () => {
    expect(printable('Änderung – 中\u202e\t')).toBe('Änderung – \\u{4e2d}\\u{202e}\\u{9}');
  });
});

describeWith(['pdftotext'], 'the pages on paper, to somebody else’s reader', () => {
  const file = join(scratch(), 'evidence.pdf');
  const tool = (name: string, ...words: readonly string[]) => {
    const found = oracle('pdftotext');
    if (!found.available) throw new Error(found.how);
    return execFileSync(found.path.replace(/pdftotext$/, name), words, { encoding: 'utf8', maxBuffer: 64 << 20 });
  };
  beforeAll(async () => writeFileSync(file, await pdfOf(whole)));

  it('say everything that is said in HTML, and nothing is cut', () => {
    const bare = (text: string) => text.replaceAll(/\s/g, '');
    const foot = new RegExp(`${bare(whole.foot)}Page\\d+of\\d+`, 'g');
    const printed = bare(tool('pdftotext', '-raw', '-enc', 'UTF-8', file, '-')).replaceAll(foot, '');
    const missing = texts.filter((text) => !printed.includes(bare(printable(text))));
    expect(missing).toEqual([]);
  });

  it('are tagged, have a title, a language, and pages in A4', () => {
    const info = tool('pdfinfo', file);
    expect(info).toMatch(/Title: +Evidence of log\.example\/day, Period 2026/);
    expect(info).toMatch(/Tagged: +yes/);
    expect(info).toMatch(/JavaScript: +no/);
    expect(info).toMatch(/Page size: .*\(A4\)/);
    const structure = tool('pdfinfo', '-struct', file);
    for (const kind of ['H1', 'H2', 'H3', 'Table', 'TR', 'TH', 'TD', 'LBody', 'TOCI'])
      expect(structure).toContain(`  ${kind}`);
  });
});
