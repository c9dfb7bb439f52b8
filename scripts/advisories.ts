/** Known advisories of our dependencies, as npm's registry tells them; a registry that cannot tell is said, not hidden. */
import { spawnSync } from 'node:child_process';

interface Audit {
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string; readonly via: readonly unknown[] }>>;
}
const run = spawnSync('npm', ['audit', '--json', '--audit-level=high'], { encoding: 'utf8', timeout: 60_000 });
let audit: Audit;
try {
  audit = JSON.parse(run.stdout);
} catch {
  audit = {};
}
if (audit.vulnerabilities === undefined) {
  console.log('  – advisories: this package registry does not answer `npm audit`; run it where one does');
  process.exit(0);
}
const serious = Object.entries(audit.vulnerabilities).filter(
  ([, v]) => v.severity === 'high' || v.severity === 'critical',
);
console.log(
  `  ${serious.length === 0 ? '✓' : '✗'} advisories: ${serious.map(([name, v]) => `${name} (${v.severity})`).join(', ') || 'none high or critical'}`,
);
process.exit(serious.length === 0 ? 0 : 1);
