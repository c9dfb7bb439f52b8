import { expect, it } from 'vitest';
import { standsInOrder } from '#audit/canonical.ts';
import type { AuditEvent } from '#audit/event.ts';
import { thisInstance } from '#server/instance.ts';
import { Rig } from './rig.ts';

/** What the sequence hands to the log for a certificate, and for a refusal. */
async function eventsOf(rig: Rig): Promise<AuditEvent[]> {
  const events: AuditEvent[] = [];
  const append = rig.log.append.bind(rig.log);
  rig.log.append = (event) => {
    events.push(event);
    return append(event);
  };
  await rig.ask(rig.request({ traceparent: 'trace', wish: { ttl: 100_000n } }));
  await rig.ask(rig.request({ wish: { signer: 'none', impersonate: 'spiffe://cluster.local/ns/a/sa/b' } }));
  await rig.ask();
  return events;
}

it('the members of a record are written in canonical order, so that the encoder has nothing to sort', async () => {
  const events = await eventsOf(Rig.of());
  expect(events.map(({ type }) => type)).toContain('certificate.issued');
  expect(events.map(({ type }) => type)).toContain('certificate.denied');
  for (const event of events) {
    for (const [name, member] of Object.entries(event)) {
      if (member !== undefined) expect(standsInOrder(member), name).toBe(true);
    }
  }
  expect(standsInOrder(thisInstance('name'))).toBe(true);
});
