import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeEntry, decodeEntry, encodeEvent } from '#audit/entry.ts';
import type { AuditEvent } from '#audit/event.ts';
import { entrySchema } from '#audit/schema.ts';
import { type Alert, detectionOf, idOf, nameOf, nameOfRecord } from '#detection/alert.ts';
import type { BurstSpec } from '#detection/document.ts';
import type { FieldName } from '#detection/field.ts';
import { mostKeys } from '#detection/silences.ts';
import { Watch } from '#detection/watch.ts';
import { entriesOf, type Facts, ruleOf, someFacts } from './records.ts';
import { burstAlerts, distinctAlerts, type Told } from './whole-memory.ts';

const toldBy = (watch: Watch, all: readonly Facts[]): Told[] =>
  entriesOf(all)
    .flatMap((entry) => watch.see(entry))
    .map(({ by, count, seqs }: Alert) => ({ by, count, seqs }));

const seconds = fc.integer({ min: 1, max: 30 }).map((count) => `${count}s`);

describe('a watch', () => {
  it('tells of bursts what one tells that keeps every record', () => {
    const bursts = fc.record({
      match: fc.constant<BurstSpec['match']>({ type: ['certificate.denied'] }),
      count: fc.integer({ min: 1, max: 6 }),
      within: seconds,
      by: fc.constantFrom<FieldName[][]>(['caller'], ['caller', 'cluster'], ['door', 'caller']),
    });
    fc.assert(
      fc.property(someFacts, bursts, seconds, (all, burst, quiet) => {
        const watch = new Watch([ruleOf({ burst, quiet })]);
        expect(toldBy(watch, all)).toEqual(burstAlerts(entriesOf(all), burst, quiet));
      }),
      { numRuns: 300 },
    );
  });

  it('tells of different values what one tells that keeps every record', () => {
    const distincts = fc.record({
      match: fc.constant<BurstSpec['match']>({ type: ['certificate.issued'] }),
      of: fc.constant('cluster' as const),
      count: fc.integer({ min: 2, max: 3 }),
      within: seconds,
      by: fc.constantFrom<FieldName[][]>(['identity'], ['key']),
    });
    const together = fc.option(fc.constant<string[][]>([['east', 'west']]), { nil: undefined });
    fc.assert(
      fc.property(someFacts, distincts, together, seconds, (all, distinct, groups, quiet) => {
        const spec = { ...distinct, ...(groups && { together: groups }) };
        const watch = new Watch([ruleOf({ distinct: spec, quiet })]);
        expect(toldBy(watch, all)).toEqual(distinctAlerts(entriesOf(all), spec, quiet));
      }),
      { numRuns: 300 },
    );
  });

  const denied = (caller: string, more: Partial<Facts> = {}): Facts => ({
    type: 'certificate.denied',
    caller,
    cluster: 'east',
    key: 'k',
    later: 1,
    ...more,
  });

  it('tells a hundred keys apart, and of all that come past them as of one', () => {
    const rule = ruleOf({ burst: { match: { type: ['certificate.denied'] }, count: 1, by: ['caller'] }, quiet: '1h' });
    const all = Array.from({ length: mostKeys + 50 }, (_, n) => denied(`spiffe://a/ns/x/sa/${n}`));
    const watch = new Watch([rule]);
    const told = entriesOf(all).flatMap((entry) => watch.see(entry));
    expect(told).toHaveLength(mostKeys + 1);
    expect(told.at(-1)).toMatchObject({ by: {}, overflow: true, message: expect.stringContaining('more than 100') });
  });

  it('never has more in mind than there is room for, and says what it had to forget', () => {
    const distinct = {
      match: { type: ['certificate.denied'] },
      of: 'cluster' as const,
      within: '1d',
      by: ['caller' as const],
      mostKeys: 100,
    };
    const watch = new Watch([ruleOf({ distinct })]);
    const callers = Array.from({ length: 250 }, (_, n) => denied(`spiffe://a/ns/x/sa/${n}`, { later: 0 }));
    const again = [
      denied('spiffe://a/ns/x/sa/0', { cluster: 'west' }),
      denied('spiffe://a/ns/x/sa/249', { cluster: 'west' }),
    ];
    const told = toldBy(watch, [...callers, ...again]);
    expect(told.map(({ by }) => by)).toEqual([{ caller: 'spiffe://a/ns/x/sa/249' }]);
    expect(watch.states).toMatchObject([{ forgotten: 152 }]);
  });

  it('forgets nothing by letting go of what no longer matters', () => {
    const match = { type: ['certificate.denied'] };
    const distinct = { match, of: 'cluster' as const, within: '1h', by: ['caller' as const], mostKeys: 100 };
    const watch = new Watch([ruleOf({ distinct })]);
    const callers = Array.from({ length: 250 }, (_, n) => denied(`spiffe://a/ns/x/sa/${n}`, { later: 60 }));
    expect(toldBy(watch, callers)).toEqual([]);
    expect(watch.states).toMatchObject([{ forgotten: 0 }]);
  });

  it('counts a record that stands for many as many', () => {
    const rule = ruleOf({
      burst: { match: { type: ['certificate.denied'] }, count: 10, within: '1m', by: ['caller'] },
    });
    const watch = new Watch([rule]);
    expect(toldBy(watch, [denied('spiffe://a/ns/x/sa/1'), denied('spiffe://a/ns/x/sa/1', { count: 9 })])).toMatchObject(
      [{ count: 10, seqs: [0, 1] }],
    );
  });

  it('does not see what has been told', () => {
    const watch = new Watch([ruleOf({ burst: { match: {}, count: 1 }, quiet: '1s' })]);
    const [entry] = entriesOf([denied('spiffe://a/ns/x/sa/1')]);
    if (entry === undefined) throw new Error('no entry');
    expect(watch.see(entry)).toHaveLength(1);
    expect(watch.see({ ...entry, time: '2026-11-23T13:00:00.000Z', type: 'detection.alert' })).toEqual([]);
  });

  it('makes of an alert a record that the schema admits, under one id however often it is made', () => {
    const rule = ruleOf({ burst: { match: { type: ['certificate.denied'] }, count: 2, within: '1m', by: ['caller'] } });
    const all = entriesOf([denied('spiffe://a/ns/x/sa/1'), denied('spiffe://a/ns/x/sa/1')]);
    const [one, other] = [new Watch([rule]), new Watch([rule])].map(
      (watch) => all.flatMap((entry) => watch.see(entry))[0],
    );
    if (one === undefined || other === undefined) throw new Error('no alert');
    const id = idOf(one, 'log.test/a');
    expect(idOf(other, 'log.test/a')).toBe(id);
    expect(idOf(one, 'log.test/b')).not.toBe(id);
    const event: AuditEvent = { type: 'detection.alert', id, outcome: 'success', detection: detectionOf(one) };
    const octets = completeEntry(encodeEvent(event), 2, '2026-11-23T12:00:03.000Z');
    const validate = new Ajv({ strict: true }).compile(entrySchema);
    expect(validate(decodeEntry(octets)), JSON.stringify(validate.errors)).toBe(true);
    expect(nameOfRecord(decodeEntry(octets))).toBe(nameOf('rule', 'spiffe://a/ns/x/sa/1', false, 1));
  });
});
