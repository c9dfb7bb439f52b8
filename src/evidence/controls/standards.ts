import { cabf } from './cabf.ts';
import type { Standard } from './control.ts';
import { pciDss } from './pci-dss.ts';
import { soc2 } from './soc-2.ts';
import { sp80053Audit } from './sp-800-53-audit.ts';
import { sp80053Keys } from './sp-800-53-keys.ts';
import { sp800204 } from './sp-800-204.ts';

/** In the order of the pages. */
export const standards: readonly Standard[] = [sp80053Audit, sp80053Keys, sp800204, pciDss, soc2, cabf];
