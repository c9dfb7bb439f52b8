/** One thing that is wrong in a file, and where. Lines and columns count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Where in the document: `spec.key.allow[1]`; empty for the document itself. */
  readonly path: string;
  readonly message: string;
  /** The right word, if what stands there looks like a slip of it. */
  readonly suggestion?: string;
}

/** A document that cannot be used, with everything that is wrong in it and not the first thing alone. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options?: ErrorOptions) {
    super(formatProblems(problems), options);
    this.problems = problems;
  }
}

/** More than this helps nobody: one slip of syntax can drag a thousand behind it. */
const mostShown = 20;

/** One line per problem, in the shape that editors and terminals turn into links: `file:line:column: path: message`. */
export function formatProblems(problems: readonly Problem[]): string {
  const lines = problems.slice(0, mostShown).map(formatProblem);
  return [...lines, ...(problems.length > mostShown ? [`… and ${problems.length - mostShown} more`] : [])].join('\n');
}

function formatProblem({ file, line, column, path, message, suggestion }: Problem): string {
  const where = path === '' ? '' : `${path}: `;
  const hint = suggestion === undefined ? '' : ` (did you mean "${suggestion}"?)`;
  return `${file}:${line}:${column}: ${where}${message}${hint}`;
}
