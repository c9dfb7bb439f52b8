import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Progress, type Screen } from '#cli/terminal/progress.ts';

/** A terminal of 40 columns that remembers what was written to it. */
function screen(): { readonly stream: Screen; readonly written: () => string } {
  let all = '';
  const write = (text: string) => {
    all += text;
  };
  return { stream: { write, columns: 40 }, written: () => all };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('progress', () => {
  it('is shown for what takes more than a second, with a percentage, and wiped at the end', () => {
    const { stream, written } = screen();
    const progress = new Progress('verifying', stream);
    progress.at(25, 200);
    vi.advanceTimersByTime(1_000);
    expect(written()).toContain('verifying 12%  (25 of 200)');
    progress[Symbol.dispose]();
    expect(written().endsWith('\r\u001b[2K')).toBe(true);
  });

  it('of something quick shows nothing at all', () => {
    const { stream, written } = screen();
    const progress = new Progress('verifying', stream);
    vi.advanceTimersByTime(500);
    progress[Symbol.dispose]();
    vi.advanceTimersByTime(5_000);
    expect(written()).toBe('');
  });

  it('never is wider than the terminal', () => {
    const { stream, written } = screen();
    using progress = new Progress('x'.repeat(100), stream);
    progress.step('y'.repeat(100));
    vi.advanceTimersByTime(2_000);
    for (const line of written().split('\r\u001b[2K')) expect(line.length).toBeLessThan(40);
  });
});
