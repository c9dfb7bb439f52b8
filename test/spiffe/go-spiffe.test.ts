import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { parseSpiffeId } from '#spiffe/spiffe-id.ts';
import { describeWith } from '#test/oracles.ts';

const accepts = (text: string) => {
  try {
    parseSpiffeId(text);
    return 'ok';
  } catch {
    return 'no';
  }
};

const everyByte = Array.from({ length: 256 }, (_, value) => String.fromCharCode(value));
const places: readonly ((byte: string) => string)[] = [
  (byte) => `spiffe://trust${byte}domain/path`,
  (byte) => `spiffe://${byte}/path`,
  (byte) => `spiffe://td${byte}/path`,
  (byte) => `spiffe://td/${byte}`,
  (byte) => `spiffe://td/a${byte}`,
  (byte) => `spiffe://td/${byte}/b`,
  (byte) => `spiffe://td/pa${byte}th`,
  (byte) => `${byte}spiffe://td/path`,
  (byte) => `spiffe:${byte}/td/path`,
];
const words = ['spiffe://', 'SPIFFE://', 'td', 'TD', '/', '.', '..', '...', 'a', 'A', '%2e', '?', '#', '@', ':80', ''];
/** Every sentence of four words after the scheme. */
const sentences = words.flatMap((a) =>
  words.flatMap((b) => words.flatMap((c) => words.map((d) => `spiffe://${a}${b}${c}${d}`))),
);

describeWith(['go:spiffeidcheck'], 'go-spiffe', (path) => {
  /** Octets are written as they are, so that a byte above 7f is one byte for both. */
  function verdicts(texts: readonly string[]): string[] {
    const input = texts.map((text) => Buffer.from(text, 'latin1').toString('hex')).join('\n');
    const options = { input: `${input}\n`, encoding: 'utf8', maxBuffer: 1 << 24 } as const;
    return execFileSync(path('go:spiffeidcheck'), options).trim().split('\n');
  }

  /** go-spiffe also reads the ID of a trust domain, which has no path and names no workload. */
  const namesWorkload = (text: string) => /^spiffe:\/\/[^/]+\/./.test(text);

  it('P-34: judges every byte at every position as we do', () => {
    const texts = places.flatMap((place) => everyByte.map(place)).filter(namesWorkload);
    expect(texts.length).toBeGreaterThan(1500);
    expect(texts.map((text) => [text, accepts(text)])).toEqual(
      verdicts(texts).map((verdict, i) => [texts[i], verdict]),
    );
  });

  it('judges thousands of sentences of scheme, dots, slashes and escapes as we do', () => {
    const texts = sentences.filter(namesWorkload);
    const theirs = verdicts(texts);
    expect(theirs.filter((verdict) => verdict === 'ok').length).toBeGreaterThan(300);
    expect(texts.filter((text, i) => accepts(text) !== theirs[i])).toEqual([]);
  });
});
