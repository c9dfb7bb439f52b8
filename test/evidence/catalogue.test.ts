import { describe, expect, it } from 'vitest';
import { eventTypes } from '#audit/event.ts';
import { ServerConfigSchema } from '#config/schema/server-config.ts';
import { standards } from '#evidence/controls/standards.ts';
import { type QueryName, queries, queryNames } from '#evidence/queries.ts';

const controls = standards.flatMap((standard) =>
  standard.controls.map((control) => ({ ...control, standard: standard.name })),
);
const begins = (word: string, start: string) => word === start || word.startsWith(`${start}.`);

describe('controls and queries', () => {
  it.each(eventTypes)('%s: a record of it comes into an answer on some page', (type) => {
    const asking = queryNames.filter((name) => {
      const { reason, type: start } = queries[name];
      return reason === undefined && begins(type, start);
    });
    const shown = controls.filter((control) => control.queries.some((name) => asking.includes(name)));
    expect(shown.length).toBeGreaterThan(0);
  });

  it.each(controls.map((control) => [`${control.standard} ${control.number}`, control] as const))(
    '%s: says what it demands, what the log answers, and what it does not',
    (_, { demands, answers, elsewhere, queries: asked }) => {
      for (const text of [demands, answers, elsewhere]) expect(text).toMatch(/^[A-Z‘“].{20,}[.?]$/);
      expect(asked.length).toBeGreaterThan(0);
      expect(new Set<QueryName>(asked).size).toBe(asked.length);
    },
  );

  it.each([...new Set(controls.flatMap(({ settings = [] }) => settings))])('%s is a setting that there is', (path) => {
    let schema: unknown = ServerConfigSchema;
    for (const name of path.split('.')) schema = Object(schema).properties?.[name];
    expect(schema).toBeDefined();
  });

  it('no control stands twice', () => {
    const names = controls.map(({ standard, number }) => `${standard} ${number}`);
    expect(new Set(names).size).toBe(names.length);
  });
});
