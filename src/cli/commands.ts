import { audit } from './audit/command.ts';
import { ceremony } from './ceremony/command.ts';
import { defineGroup, type Group } from './command/command.ts';
import { completion } from './completion/command.ts';
import { config } from './config/command.ts';
import { detection } from './detection/command.ts';
import { evidence } from './evidence/command.ts';
import { exportGroup } from './export/command.ts';
import { inspect } from './inspect/command.ts';
import { issue } from './issue/command.ts';
import { istioCsr } from './istio-csr/command.ts';
import { migrate } from './migrate/command.ts';
import { policy } from './policy/command.ts';
import { quickstart } from './quickstart/command.ts';
import { revoke } from './revoke/command.ts';
import { serve } from './serve/command.ts';
import { store } from './store/command.ts';
import { version } from './version.ts';
import { witness } from './witness/command.ts';

/** Everything one can type; each entry loads its implementation when it runs. */
export const commands: Group = defineGroup({
  name: 'countersign',
  summary: 'A certificate authority for service meshes: policy first, keys in an HSM, every decision on the record.',
  about: [
    'Answers go to stdout, everything else to stderr. Colour and progress appear in a terminal only (NO_COLOR is respected).',
  ],
  members: [
    quickstart,
    serve,
    istioCsr,
    ceremony,
    issue,
    revoke,
    inspect,
    policy,
    audit,
    evidence,
    detection,
    exportGroup,
    store,
    witness,
    config,
    migrate,
    completion,
    version,
  ],
});
