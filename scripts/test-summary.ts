/** Reads vitest's JSON report and prints what was skipped and why it matters, then the one line that CI reads. */
import { readFileSync } from 'node:fs';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numFailedTestSuites: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const [file = '', status = '1'] = process.argv.slice(2);
const text = readFileSync(file, 'utf8');
if (text === '') {
  console.log('0 passed, 1 failed, 0 skipped');
  process.exit(1);
}
const report: Report = JSON.parse(text);
const skipped = report.testResults.flatMap((suite) =>
  suite.assertionResults.filter((test) => test.status !== 'passed' && test.status !== 'failed'),
);
for (const test of skipped) console.log(`skipped: ${test.fullName}`);
/** A file that cannot even be loaded has no failed test of its own; it counts as one. */
const unloadable = report.testResults.filter((s) => s.status === 'failed' && s.assertionResults.length === 0).length;
const failed = Math.max(report.numFailedTests + unloadable, status === '0' ? 0 : 1);
console.log(`${report.numPassedTests} passed, ${failed} failed, ${skipped.length} skipped`);
process.exit(failed === 0 ? 0 : 1);
