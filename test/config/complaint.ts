import { DocumentError } from '#document/problem.ts';

/** What a configuration is refused for, a line for each problem. */
export function complaintOf(parse: () => unknown): string {
  try {
    parse();
  } catch (thrown) {
    if (thrown instanceof DocumentError)
      return thrown.problems.map(({ path, message }) => `${path}: ${message}`).join('\n');
    throw thrown;
  }
  throw new Error('the configuration was accepted');
}
