import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inWords, relative } from '#cli/terminal/duration.ts';
import { plain } from '#cli/terminal/plain.ts';
import { plainStyle, wantsColour } from '#cli/terminal/style.ts';
import { cutInTheMiddle, table } from '#cli/terminal/table.ts';
import { countersign, launcher, run, scratch } from './run-cli.ts';

const csi = '\u001b[';

/** Runs the program on a pseudo-terminal of `columns` columns; stdout and stderr come as one. */
async function onTerminal(words: readonly string[], { columns = 100, env = {} } = {}): Promise<string> {
  const command = `stty cols ${columns}; '${launcher}' ${words.map((word) => `'${word}'`).join(' ')}`;
  return (await run('script', ['-qec', command, '/dev/null'], { env })).stdout;
}

describe('a terminal', () => {
  it('gets colour', async () => expect(await onTerminal(['--help'])).toContain(csi));

  it('gets none where NO_COLOR is set, even beside FORCE_COLOR', async () => {
    expect(await onTerminal(['--help'], { env: { NO_COLOR: '1', FORCE_COLOR: '1' } })).not.toContain(csi);
  });

  it('gets a table that fits its width', async () => {
    const shown = await onTerminal(['policy', 'check', 'policies/istio.yaml'], { columns: 60, env: { NO_COLOR: '1' } });
    const rows = shown.split(/\r?\n/).filter((line) => /PRIORITY|istio/.test(line));
    expect(rows.length).toBe(2);
    for (const row of rows) expect([...row].length).toBeLessThanOrEqual(60);
  });
});

describe('a pipe', () => {
  it.each([
    [['--help']],
    [['policy', 'check', 'policies/istio.yaml']],
    [['policy', 'test', 'policies/istio.yaml']],
    [['inspect', 'nothing-here']],
  ])('gets no escape sequence from %j', async (words) => {
    const { stdout, stderr } = await countersign(words);
    expect(stdout + stderr).not.toContain(csi);
  });

  it('may be closed early by whoever reads it', async () => {
    const { code, stderr } = await run('bash', ['-c', `set -o pipefail; '${launcher}' completion bash | true`]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  it('gets a table uncut, however long its cells', () => {
    const long = 'spiffe://'.padEnd(300, 'x');
    expect(table([{ title: 'ID', shrinkTo: 4 }], [[long]], undefined, plainStyle)).toContain(long);
  });
});

describe('colour', () => {
  it.each([
    ['a terminal', true, {}, true],
    ['a pipe', false, {}, false],
    ['a dumb terminal', true, { TERM: 'dumb' }, false],
    ['FORCE_COLOR in a pipe', false, { FORCE_COLOR: '1' }, true],
    ['FORCE_COLOR=0 on a terminal', true, { FORCE_COLOR: '0' }, false],
    ['an empty NO_COLOR, which says nothing', true, { NO_COLOR: '' }, true],
  ])('%s', (_, isTTY, env, expected) => expect(wantsColour({ isTTY }, env)).toBe(expected));
});

describe('a table', () => {
  const columns = [
    { title: 'INDEX', align: 'right' },
    { title: 'IDENTITY', shrinkTo: 8 },
    { title: 'WHY', shrinkTo: 8 },
  ] as const;

  it('never is wider than its room, as long as its columns may shrink', () => {
    const cell = fc.string({ unit: 'grapheme-ascii', maxLength: 80 });
    const rows = fc.array(fc.tuple(fc.nat(99_999).map(String), cell, cell), { maxLength: 8 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 30, max: 120 }), (given, room) => {
        const lines = table(columns, given, room, plainStyle).split('\n');
        return lines.length === given.length + 1 && lines.every((line) => line.length <= room);
      }),
    );
  });

  it.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdefgh', 5, 'ab…gh'],
    ['abcdefgh', 4, 'ab…h'],
    ['abcdefgh', 1, '…'],
  ])('cuts %s to %d in the middle', (text, width, expected) => expect(cutInTheMiddle(text, width)).toBe(expected));
});

describe('time in words', () => {
  it.each([
    [0, '0 seconds'],
    [1, '1 second'],
    [3_599, '59 minutes 59 seconds'],
    [5_400, '1 hour 30 minutes'],
    [86_400, '1 day'],
    [86_399, '23 hours 59 minutes'],
    [3650 * 86_400, '10 years'],
    [100 * 86_400 + 3_600, '100 days'],
  ])('%d seconds are %s', (seconds, words) => expect(inWords(seconds)).toBe(words));

  it('knows before and after', () => {
    expect(relative(7_200_000, 0)).toBe('in 2 hours');
    expect(relative(0, 7_200_000)).toBe('2 hours ago');
  });
});

describe('text from elsewhere', () => {
  it.each([
    ['a cursor movement', '\u001b[2Jgone', '\\u{1b}[2Jgone'],
    ['a carriage return', 'good\rbad', 'good\\u{d}bad'],
    ['a direction override', 'a\u202eb', 'a\\u{202e}b'],
    ['a zero-width space', 'a\u200bb', 'a\\u{200b}b'],
  ])('%s is shown, not obeyed', (_, hostile, shown) => expect(plain(hostile)).toBe(shown));

  it('of a hostile certificate cannot colour what inspect prints', async () => {
    const folder = scratch();
    const { code } = await run('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-utf8'],
      ...['-subj', `/CN=${csi}31mevil`, '-keyout', `${folder}/key.pem`, '-out', `${folder}/evil.pem`],
    ]);
    expect(code).toBe(0);
    const { stdout } = await countersign(['inspect', `${folder}/evil.pem`]);
    expect(stdout).toContain('\\u{1b}[31mevil');
    expect(stdout).not.toContain(csi);
  });
});
