import { describe, expect, it } from 'vitest';
import { type AuditEvent, eventTypes } from '#audit/event.ts';
import { ecs, ecsFields } from '#export/ecs/ecs.ts';
import { bareEvent, exported, fullEvent } from './sample.ts';

const linesOf = (event: AuditEvent) =>
  Buffer.from(ecs.row(exported(event)))
    .toString()
    .split('\n');
const documentOf = (event: AuditEvent) => JSON.parse(linesOf(event)[1] ?? '');

describe('ECS', () => {
  it('is what the bulk API takes: the id of the record is that of the document, so that none is there twice', () => {
    const [action = '', document, end, ...more] = linesOf(bareEvent('log.opened', 'success'));
    expect(JSON.parse(action)).toEqual({ create: { _id: '0193b5c0-0000-7000-8000-0000000000bb' } });
    expect(JSON.parse(document ?? '')).toMatchObject({ '@timestamp': '2026-11-21T14:03:00.125Z' });
    expect([end, more]).toEqual(['', []]);
  });

  /** ECS 8.17, "ECS Categorization fields": the types that each category expects. */
  const expected: Readonly<Record<string, readonly string[]>> = {
    iam: ['admin', 'change', 'creation', 'deletion', 'group', 'info', 'user'],
    configuration: ['access', 'change', 'creation', 'deletion', 'info'],
    authentication: ['start', 'end', 'info'],
    process: ['access', 'change', 'end', 'info', 'start'],
    intrusion_detection: ['allowed', 'denied', 'info'],
  };
  it.each(eventTypes)('%s: its category and its type go together', (type) => {
    for (const outcome of ['success', 'denied', 'failed'] as const) {
      const { event } = documentOf(fullEvent(type, outcome, 'x'));
      const [category] = event.category;
      const types = event.type.filter((each: string) => each !== 'denied' && each !== 'error');
      expect(expected[category]).toEqual(expect.arrayContaining(types));
      expect(event).toMatchObject({
        kind: type === 'detection.alert' ? 'alert' : 'event',
        action: type,
        outcome: outcome === 'success' ? 'success' : 'failure',
      });
      expect(event.type.includes('denied')).toBe(outcome === 'denied');
    }
  });

  it('an address that is none does not go where Elasticsearch would refuse the document for it', () => {
    const peer = (ip: string) => documentOf({ ...bareEvent('certificate.denied', 'denied'), peer: { ip } });
    expect(peer('10.0.0.7')).toMatchObject({
      source: { ip: '10.0.0.7', address: '10.0.0.7' },
      related: { ip: ['10.0.0.7'] },
    });
    expect(peer('unix').source).toEqual({ address: 'unix' });
  });

  it('no field is inside another one that has a value', () => {
    const names = ecsFields.map(({ to }) => to);
    expect(names.filter((name) => names.some((other) => name.startsWith(`${other}.`)))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('members that anybody may name are texts: an index does not grow by them', () => {
    const { countersign } = documentOf({ ...bareEvent('config.loaded', 'success'), change: { diff: { a: { b: 1 } } } });
    expect(countersign.change.diff).toBe('{"a":{"b":1}}');
  });
});
