const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** A bar for each number, the highest for the greatest; nothing is a space. Where `room` is less, neighbours share a bar. */
export function sparkline(numbers: readonly number[], room = numbers.length): string {
  const each = Math.max(1, Math.ceil(numbers.length / Math.max(1, room)));
  const sums = Array.from({ length: Math.ceil(numbers.length / each) }, (_, i) =>
    numbers.slice(i * each, (i + 1) * each).reduce((sum, number) => sum + number, 0),
  );
  const greatest = Math.max(0, ...sums);
  return sums.map((sum) => (sum === 0 ? ' ' : bars[Math.ceil((sum / greatest) * bars.length) - 1])).join('');
}
