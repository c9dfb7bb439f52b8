import type { AuditEvent } from '#audit/event.ts';
import { issuedEvent } from '#test/audit/example-event.ts';

/** As large as what a certificate of a mesh leaves behind; `n` makes it another one. */
export function benchRecord(n: number): AuditEvent {
  return { ...issuedEvent(n), certificateDer };
}

const certificateDer = Buffer.alloc(700, 'certificate').toString('base64');
