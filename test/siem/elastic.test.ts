import { readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventTypes } from '#audit/event.ts';
import { ecs, ecsFields } from '#export/ecs/ecs.ts';
import { bareEvent, exported, fullEvent } from '#test/export/sample.ts';
import { repository } from '#test/oracles.ts';
import { elasticTemplate, typeOf } from './elastic-template.ts';

const file = join(repository, 'examples', 'siem', 'elastic-index-template.json');

it('the template of the examples has every field of the documents (UPDATE_DOCS=1 writes it anew)', () => {
  const text = `${JSON.stringify(elasticTemplate(), null, 2)}\n`;
  if (process.env.UPDATE_DOCS === '1') writeFileSync(file, text);
  expect(readFileSync(file, 'utf8')).toBe(text);
});

it('each field of a document fits its type in the template, of every type of record', () => {
  const fits: Readonly<Record<ReturnType<typeof typeOf>, (value: unknown) => boolean>> = {
    date: (value) => !Number.isNaN(Date.parse(String(value))),
    ip: (value) => isIP(String(value)) !== 0,
    long: (value) => Number.isSafeInteger(value),
    boolean: (value) => typeof value === 'boolean',
    match_only_text: (value) => typeof value === 'string',
    keyword: (value) => typeof value === 'string',
  };
  const events = eventTypes.flatMap((type) => [fullEvent(type, 'denied', '192.0.2.7'), bareEvent(type, 'success')]);
  const wrong = events.flatMap((event) => {
    const document: unknown = JSON.parse(
      Buffer.from(ecs.row(exported(event)))
        .toString()
        .split('\n')[1] ?? '',
    );
    return ecsFields.flatMap(({ to }) => {
      const value = to.split('.').reduce((at: unknown, name) => (at === undefined ? at : Object(at)[name]), document);
      const values = value === undefined ? [] : [value].flat();
      return values.every((each) => fits[typeOf(to)](each)) ? [] : [`${event.type}: ${to} is ${JSON.stringify(value)}`];
    });
  });
  expect(wrong).toEqual([]);
});
