import { beforeAll, describe, expect, it } from 'vitest';
import { decodeEntry } from '#audit/entry.ts';
import type { Evidence } from '#evidence/evidence.ts';
import { GatheredQuery, mostRows } from '#evidence/gather/gathered-query.ts';
import { Gathering } from '#evidence/gather/gathering.ts';
import { entryAt } from '#test/support/day/entries.ts';
import { day, setAt, timeOf } from '#test/support/day/plan.ts';
import { setOfVersion } from '#test/support/day/policies.ts';

/** A period that begins and ends between records of one log. */
const [from, to, size] = [400, 900, 1_200] as const;
const root = Buffer.alloc(32).toString('base64');

function gathered(
  hashesOnly: Parameters<Gathering['result']>[0]['hashesOnly'],
  skip = (_: number): boolean => false,
): Evidence {
  const gathering = new Gathering(
    { name: 'a while', since: timeOf(from), until: timeOf(to) },
    { root, word: undefined },
  );
  for (let n = 0; n < size; n++) if (!skip(n)) gathering.take(decodeEntry(entryAt(n)));
  return gathering.result(
    { origin: 'log.example/day', size, root, hashesOnly, kept: [], witnesses: undefined },
    '0',
    undefined,
  );
}

it('of more records than a pack has room for all are counted, and some are drawn of all', () => {
  const query = new GatheredQuery('administrators', { root, word: undefined });
  const entry = decodeEntry(entryAt(200));
  const all = mostRows + 500;
  const kept = Array.from({ length: all }, (_, seq) => query.take({ ...entry, seq })).filter(Boolean).length;
  const { records, rows, drawn, listed } = query.result();
  expect({ kept, records, rows, drawn: drawn.length }).toEqual({
    kept: mostRows,
    records: all,
    rows: mostRows,
    drawn: 5,
  });
  expect(listed.map(({ index }) => index)).toEqual(drawn);
});

it('policy sets of a period have their text, and as many issuances as were decided under each', () => {
  const gathering = new Gathering(
    { name: 'a while', since: timeOf(0), until: timeOf(6_000) },
    { root, word: undefined },
  );
  const some = [...Array(300).keys(), ...Array.from({ length: 300 }, (_, at) => 4_900 + at)];
  for (const n of some) gathering.take(decodeEntry(entryAt(n)));
  const about = { origin: 'log.example/day', size: 6_000, root, hashesOnly: [], kept: [], witnesses: undefined };
  const { rules } = gathering.result(about, '0', undefined);
  expect(rules.policySets).toMatchObject(
    [0, 1].map((version) => ({
      id: setOfVersion(version).id,
      index: version === 0 ? 2 : 5_000,
      issued: some.filter((n) => day[n]?.what === 'issued' && setAt(n) === version).length,
      refused: some.filter((n) => day[n]?.what === 'denied' && setAt(n) === version).length,
    })),
  );
  expect(JSON.stringify(rules.policySets[1]?.documents)).toContain('"description":"version 1"');
});

describe('a period in the middle of a log', () => {
  let evidence: Evidence;
  beforeAll(() => {
    evidence = gathered([]);
  });

  it('has the records from its first moment to the last before its end, and no others', () => {
    const counted = evidence.types.reduce((sum, { records }) => sum + records, 0);
    expect([evidence.log.records, counted]).toEqual([{ from, to }, to - from]);
    const issued = day.slice(from, to).filter(({ what }) => what === 'issued').length;
    expect(evidence.queries.find(({ name }) => name === 'issued')?.records).toBe(issued);
  });

  it('is judged by the rules that came before it', () => {
    const { policySets, configurations } = evidence.rules;
    expect(policySets.map(({ id, index, loads }) => [id, index, loads])).toEqual([
      [setOfVersion(setAt(from)).id, 2, 0],
    ]);
    expect(configurations.map(({ index, loads }) => [index, loads])).toEqual([[1, 0]]);
    expect(evidence.replay).toMatchObject({ count: 0, findings: [] });
  });

  it('of records that were dropped counts those that may be of it', () => {
    const spans = [
      { from: 256, to: 512 },
      { from: 1_000, to: 1_100 },
    ];
    const { missing, log } = gathered(spans, (n) => spans.some((span) => span.from <= n && n < span.to));
    // the newest record before the period that is left is 255: whatever was after it may have been in the period
    expect(log.records).toEqual({ from: 256, to });
    expect(missing).toMatchObject({ dropped: 256, spans: [{ from: 256, to: 512 }] });
  });
});
