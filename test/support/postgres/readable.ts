import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverAccount } from './account.ts';

/** Where the Python package has the programs; they find their libraries from there, so it moves as a whole. */
const packagedPrograms = join('embedded_postgres', 'pginstall', 'bin');

/** The folder of programs in the judge `postgres-18`. */
export const programsOf18 = (judge: string) => join(readable(judge), packagedPrograms);

/**
 * The folder of a judge, where the account of servers can read it. Root's own cache is closed to others: then it is a copy, for as
 * long as this process lives.
 */
export function readable(judge: string): string {
  if (spawnSync('ls', [judge], { ...serverAccount(), cwd: '/' }).status === 0) return judge;
  const copy = mkdtempSync(join(tmpdir(), 'countersign-judge-'));
  process.once('exit', () => rmSync(copy, { recursive: true, force: true }));
  chmodSync(copy, 0o755);
  cpSync(judge, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}
