import { expect, it } from 'vitest';
import { standsInOrder } from '#audit/canonical.ts';
import type { AuditEvent } from '#audit/event.ts';
import type { IssuanceRequest } from '#issuance/request.ts';
import { thisInstance } from '#server/instance.ts';
import { ca, hosts, request, rigOf } from './named-rig.ts';
import { Rig } from './rig.ts';

/** What the sequence hands to the log. */
async function eventsOf(rig: Rig, ...requests: readonly IssuanceRequest[]): Promise<AuditEvent[]> {
  const events: AuditEvent[] = [];
  const append = rig.log.append.bind(rig.log);
  rig.log.append = (event) => {
    events.push(event);
    return append(event);
  };
  for (const each of requests) await rig.ask(each);
  return events;
}

it('the members of a record are written in canonical order, so that the encoder has nothing to sort', async () => {
  const [rig, named] = [Rig.of(), rigOf()];
  const events = [
    ...(await eventsOf(
      rig,
      rig.request({ traceparent: 'trace', wish: { ttl: 100_000n } }),
      rig.request({ wish: { signer: 'none', impersonate: 'spiffe://cluster.local/ns/a/sa/b' } }),
      rig.request(),
    )),
    ...(await eventsOf(named, request(named, ca()), request(named, hosts, { keyUsage: ['keyCertSign'] }))),
  ];
  const counts = (wanted: string) => events.filter(({ type }) => type === wanted).length;
  expect([counts('certificate.issued'), counts('certificate.denied')]).toEqual([2, 3]);
  for (const event of events) {
    for (const [name, member] of Object.entries(event)) {
      if (member !== undefined) expect(standsInOrder(member), name).toBe(true);
    }
  }
  expect(standsInOrder(thisInstance('name'))).toBe(true);
});
