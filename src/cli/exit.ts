/** What a script can tell from the exit code: one table for every command, its help and docs/cli.md. */
export const exitCodes = {
  ok: { code: 0, meaning: 'done, or the answer is yes' },
  no: { code: 1, meaning: 'the answer is no: refused, not in the log, a check or a test failed' },
  usage: { code: 2, meaning: 'the command line is wrong; stderr says how' },
  input: { code: 3, meaning: 'a file is missing or malformed; stderr names file, line or field' },
  unavailable: { code: 4, meaning: 'something needed cannot be reached or is not ready; try again' },
  internal: { code: 5, meaning: 'an error of this program or its installation' },
} as const;

export type Exit = keyof typeof exitCodes;

export function exitCodeOf(exit: Exit): number {
  return exitCodes[exit].code;
}
