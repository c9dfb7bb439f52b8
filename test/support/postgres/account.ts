import { execFileSync } from 'node:child_process';

/** Whom a program runs as; nothing said is whoever we are. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** PostgreSQL does not run as root: root runs it as the account that came with it, or as nobody. */
export function serverAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = idOf('postgres') ?? idOf('nobody') ?? [65_534, 65_534];
  return { uid, gid };
}

function idOf(name: string): [number, number] | undefined {
  try {
    const ask = (what: string) => Number(execFileSync('id', [what, name], { encoding: 'utf8', stdio: 'pipe' }));
    return [ask('-u'), ask('-g')];
  } catch {
    return undefined;
  }
}
