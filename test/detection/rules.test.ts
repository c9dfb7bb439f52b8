import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runRuleTests } from '#detection/cases.ts';
import { fieldNames, fieldOf } from '#detection/field.ts';
import { loadRuleSet, provenRuleSet } from '#detection/rule-set.ts';
import { readFiles } from '#document/files.ts';
import { DocumentError } from '#document/problem.ts';
import { ecsFields } from '#export/ecs/ecs.ts';
import { repository } from '#test/oracles.ts';

const shipped = loadRuleSet([join(repository, 'policies/detection')]);

describe('the rules that ship', () => {
  it('pass their cases, and each has some that alert and some that do not', () => {
    const results = runRuleTests(shipped.documents);
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
    for (const { name } of shipped.rules) {
      const outcomes = results.filter(({ rule }) => rule === name).map(({ outcome }) => outcome !== 'no alert');
      expect({ name, outcomes: new Set(outcomes) }).toEqual({ name, outcomes: new Set([true, false]) });
    }
    expect(shipped.rules).toHaveLength(8);
  });

  it('are one set with one id, whatever their comments and their order', () => {
    const sources = readFiles([join(repository, 'policies/detection')]);
    const others = sources.map(({ file, text }) => ({ file, text: `# another\n${text}` })).toReversed();
    expect(provenRuleSet(others).id).toBe(shipped.id);
  });
});

it('every field that has a name in the Elastic Common Schema is written under that name', () => {
  const written = new Set(ecsFields.map(({ to }) => to));
  const named = fieldNames.flatMap((name) => fieldOf(name).ecs ?? []);
  expect(named.filter((name) => !written.has(name))).toEqual([]);
});

const rule = `apiVersion: countersign.dev/v1alpha1
kind: WatchRule
metadata: { name: plain }
spec:
  severity: low
  message: it happened
  burst: { match: { type: [certificate.denied] }, count: 2, within: 1m, by: [caller] }
`;

function complaint(text: string): string {
  try {
    provenRuleSet([{ file: 'r.yaml', text }]);
  } catch (thrown) {
    if (thrown instanceof DocumentError) return thrown.message;
    throw thrown;
  }
  return 'loaded';
}

describe('a rule', () => {
  it('loads as it is meant', () => {
    expect(complaint(rule)).toBe('loaded');
  });

  const wrong: readonly [why: string, from: string, to: string, message: string][] = [
    [
      'a key that is none',
      'severity:',
      'sevrity:',
      'r.yaml:5:3: spec.sevrity: there is no "sevrity" here (did you mean "severity"?)',
    ],
    ['a field that is none', 'by: [caller]', 'by: [calller]', 'spec.burst.by[0]: "calller" is not one of'],
    [
      'a filter that is none',
      'match: { type',
      'match: { tipe',
      'spec.burst.match.tipe: there is no "tipe" here (did you mean "type"?)',
    ],
    [
      'a type of record that is none',
      'certificate.denied',
      'certificate.deny',
      'r.yaml:7:28: spec.burst.match.type[0]: "certificate.deny" is no type of record, nor the beginning of one (did you mean "certificate.denied"?)',
    ],
    [
      'an end that is none',
      '{ type: [certificate.denied] }',
      '{ outcome: [denid] }',
      '"denid" is none of success, denied, failed (did you mean "denied"?)',
    ],
    ['what rules have told', 'certificate.denied', 'detection.alert', 'rules do not see what rules have told'],
    [
      'no condition',
      'burst:',
      'quiet: 1h # ',
      'exactly one of burst, distinct, outsideWindow belongs here; none is given',
    ],
    [
      'two of them',
      'burst:',
      'distinct: { match: {}, of: node, by: [podUid], within: 1h }\n  burst:',
      'burst and distinct are given',
    ],
    ['a burst without an end', ', within: 1m', '', 'spec.burst: "within" is missing'],
    ['a window past its bound', 'within: 1m', 'within: 8d', 'spec.burst.within: 8d is not between 1s and 7d'],
    ['a field with one value', 'burst: {', 'distinct: { of: caller,', 'spec.distinct.of: caller is in "by" as well'],
    [
      'a field that has to be there and must not',
      'type: [certificate.denied]',
      'node: [a], without: [node]',
      'spec.burst.match.without[0]: node has to be there',
    ],
    [
      'a time zone that is none',
      'burst: { match: { type: [certificate.denied] }, count: 2, within: 1m, by: [caller] }',
      'outsideWindow: { match: {}, timeZone: Europe/Olso, windows: [{ days: [mon], from: "08:00", to: "08:00" }], closed: ["2026-02-30"] }',
      '"Europe/Olso" is no time zone, such as Europe/Oslo or UTC',
    ],
  ];
  it.each(wrong)('that has %s is refused, by line and column', (_, from, to, message) => {
    expect(rule).toContain(from);
    expect(complaint(rule.replace(from, to))).toContain(message);
  });

  it('whose case fails is refused, and says what came out', () => {
    const failing = `${rule}  tests:\n    - { name: two, records: [{ type: certificate.denied, caller: a, repeat: 2 }], alerts: [] }\n`;
    expect(complaint(failing)).toMatch(
      /r\.yaml:9:\d+: spec\.tests\[0\]\.alerts: the case "two" fails: expected none; it got 1 alert, by record 2/,
    );
  });

  it('has a name of its own among the others', () => {
    const twice = () => provenRuleSet(['a.yaml', 'b.yaml'].map((file) => ({ file, text: rule })));
    expect(twice).toThrow('b.yaml:3:19: metadata.name: a.yaml has a rule of this name already');
  });

  const night = (records: string, alerts: string) =>
    `${rule.replace(
      /burst: .*/,
      'outsideWindow: { match: { type: [policy.loaded] }, by: [type], timeZone: Europe/Oslo, windows: [{ days: [fri], from: "22:00", to: "04:00" }] }\n  quiet: 1s',
    )}  tests: [{ name: night, records: [${records}], alerts: [${alerts}] }]\n`;
  const loaded = (at: string) => `{ type: policy.loaded, at: "${at}" }`;
  it.each([
    ['begins on its day', '2026-11-20T22:00:00+01:00', true],
    ['goes on past midnight', '2026-11-21T03:59:59+01:00', true],
    ['ends on the next day', '2026-11-21T04:00:00+01:00', false],
    ['is no window of the day before', '2026-11-20T03:00:00+01:00', false],
    ['is by the clocks of its place, in summer too', '2026-07-10T20:00:00Z', true],
    ['is by the clocks of its place, an hour before', '2026-07-10T19:59:59Z', false],
  ])('a window from 22:00 to 04:00 %s', (_, at, open) => {
    expect(complaint(night(loaded(at), open ? '' : '{}'))).toBe('loaded');
    expect(complaint(night(loaded(at), open ? '{}' : ''))).toContain('the case "night" fails');
  });
});
