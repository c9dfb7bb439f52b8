import { standards } from '../controls/standards.ts';
import type { Evidence } from '../evidence.ts';
import { controlPage } from './control-page.ts';
import { coverPage } from './cover.ts';
import type { Report } from './report.ts';
import { rulesPage } from './rules-page.ts';

/** Everything that is printed. The same evidence is the same report. */
export function reportOf(evidence: Evidence): Report {
  const { period, log } = evidence;
  return {
    title: `Evidence of ${log.origin}`,
    subtitle: `Period ${period.name}`,
    time: log.last ?? period.since,
    foot: `${log.origin}, period ${period.name}, checkpoint of ${log.size} records`,
    pages: [
      coverPage(evidence),
      ...standards.flatMap((standard) => standard.controls.map((control) => controlPage(control, standard, evidence))),
      rulesPage(evidence),
    ],
  };
}
