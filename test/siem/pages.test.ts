import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventTypes } from '#audit/event.ts';
import { cefFields } from '#export/cef/cef.ts';
import { ecsFields } from '#export/ecs/ecs.ts';
import type { Field } from '#export/field.ts';
import { otlpAttributes, otlpResource } from '#export/otlp/log-record.ts';
import { refusalCodes } from '#refusal/refusal.ts';
import { repository } from '#test/oracles.ts';
import { sentinelColumns, sentinelHead } from './cef-columns.ts';
import { blocksIn } from './page.ts';
import { recordNames } from './record-names.ts';
import { type Language, strangersIn } from './words.ts';

const folder = join(repository, 'docs', 'siem');
const namesOf = (fields: readonly Field[]) => fields.map(({ to }) => to);
const isReason = (begin: string) => refusalCodes.some((code) => code.startsWith(begin));
const cefKeys = namesOf(cefFields);

/** Custom properties as the page has them made, each from a key of CEF. */
const properties = [...readFileSync(join(folder, 'syslog.md'), 'utf8').matchAll(/`([A-Z][\w ]+)`\sfrom\s`(\w+)`/g)];

const asked: readonly (readonly [page: string, Language, fields: Iterable<string>])[] = [
  ['splunk', 'spl', recordNames],
  ['elastic', 'esql', namesOf(ecsFields)],
  ['elastic', 'kuery', namesOf(ecsFields)],
  ['sentinel', 'kql', [...Object.values(sentinelColumns), ...sentinelHead]],
  ['syslog', 'aql', properties.map(([, name = '']) => name)],
];

it.each(asked)('docs/siem/%s.md: every name in its %s is a field that we write there', (page, language, fields) => {
  const queries = blocksIn(page, language);
  expect(queries).not.toEqual([]);
  const known = new Set(fields);
  for (const query of queries)
    expect({ query, unknown: strangersIn(query, language, known) }).toEqual({ query, unknown: [] });
});

it('a name that we do not write would be found', () => {
  expect(strangersIn('index=countersign | stats count by caller.idenity', 'spl', recordNames)).toEqual([
    'caller.idenity',
  ]);
  expect(strangersIn('FROM logs-countersign.audit-default | WHERE event.actoin == "x"', 'esql', new Set())).toEqual([
    'event.actoin',
  ]);
  expect(strangersIn('CommonSecurityLog | where Reson == "x"', 'kql', new Set(sentinelHead))).toEqual(['Reson']);
  expect(strangersIn('SELECT "Key" FROM events', 'aql', new Set())).toEqual(['Key']);
});

it('what Sentinel and QRadar are asked for comes from a key of CEF that we write', () => {
  const keys = [...Object.keys(sentinelColumns), ...properties.map(([, , key]) => key)];
  expect(keys.filter((key) => !cefKeys.includes(key ?? ''))).toEqual([]);
  expect(properties.length).toBeGreaterThan(8);
});

it('attributes that Datadog is asked for are those of OTLP', () => {
  const text = readFileSync(join(folder, 'opentelemetry.md'), 'utf8');
  const names = [...text.matchAll(/@([a-z][\w.]*\w)/g)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(8);
  const known = namesOf([...otlpAttributes, ...otlpResource]);
  expect(names.filter((name) => !known.includes(name ?? ''))).toEqual([]);
});

it('types of records that the pages name are there', () => {
  for (const page of readdirSync(folder)) {
    const text = readFileSync(join(folder, page), 'utf8');
    const named = [...text.matchAll(/["'](certificate|policy|key|log|detection|export|service)\.([a-z-]+)["']/g)];
    const unknown = named
      .map(([, room, what]) => `${room}.${what}`)
      .filter((type) => !eventTypes.some((each) => each === type));
    // Reasons and names of members stand in quotes as well.
    expect({ page, unknown: unknown.filter((name) => !recordNames.has(name) && !isReason(name)) }).toEqual({
      page,
      unknown: [],
    });
  }
});

it('each page has its link in docs/siem.md', () => {
  const text = readFileSync(`${folder}.md`, 'utf8');
  for (const page of readdirSync(folder)) expect(text).toContain(`(siem/${page})`);
});
