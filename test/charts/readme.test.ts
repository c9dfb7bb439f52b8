import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { valueTable } from '#cli/migrate/istio-csr/value-table.ts';
import { repository } from '#test/oracles.ts';
import { at } from '#test/support/control-plane/client.ts';

const folder = join(repository, 'charts', 'countersign');
const read = (file: string) => readFileSync(join(folder, file), 'utf8');
const schema: unknown = JSON.parse(read('values.schema.json'));
const values: unknown = parse(read('values.yaml'));

interface Leaf {
  readonly path: readonly string[];
  readonly schema: unknown;
}

const entriesOf = (value: unknown) => (typeof value === 'object' && value !== null ? Object.entries(value) : []);

/** Every value, in the order of the schema. */
function leavesOf(node: unknown, path: readonly string[] = []): readonly Leaf[] {
  const inner = at(node, 'properties');
  if (inner === undefined) return [{ path, schema: node }];
  return entriesOf(inner).flatMap(([name, each]) => leavesOf(each, [...path, name]));
}

/** Down to what the schema has no words for. */
function pathsIn(value: unknown, known: ReadonlySet<string>, path: readonly string[] = []): readonly string[] {
  const name = path.join('.');
  const inner = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  if (known.has(name) || inner.length === 0) return name === '' ? [] : [name];
  return inner.flatMap(([key, each]) => pathsIn(each, known, [...path, key]));
}

const leaves = leavesOf(schema);
const names = new Set(leaves.map(({ path }) => path.join('.')));

const shown = (value: unknown) =>
  value === undefined || value === null || value === '' ? '' : `\`${JSON.stringify(value)}\``;
const rows = leaves.map(({ path, schema: leaf }) => {
  const description = String(at(leaf, 'description')).replaceAll('|', '\\|');
  return `| \`${path.join('.')}\` | ${shown(at(values, ...path))} | ${description} |`;
});
const table = ['| value | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');

describe("the chart's README", () => {
  it('has every value with its default and what it means', () => {
    const text = read('README.md');
    const marks =
      /(<!-- begin: written from values\.schema\.json by test\/charts\/readme\.test\.ts -->\n)[\s\S]*(<!-- end -->)/;
    expect(text).toMatch(marks);
    const fresh = text.replace(marks, (_, begin: string, end: string) => `${begin}\n${table}\n\n${end}`);
    if (process.env.UPDATE_DOCS === '1') writeFileSync(join(folder, 'README.md'), fresh);
    else expect(text).toBe(fresh);
  });

  it('leaves no value out: those of values.yaml and those of the schema are the same', () => {
    const notThere = ['global', 'kubernetes.local.issuers'];
    const optional = [...names].filter((name) => /^(limits|fairness)\./.test(name));
    const expected = [...names].filter((name) => !notThere.includes(name) && !optional.includes(name));
    const there = pathsIn(values, names).filter((name) => !['limits', 'fairness'].includes(name));
    expect(there.toSorted()).toEqual(expected.toSorted());
  });

  it("4.8: has every value of istio-csr's chart under its name", () => {
    expect(Object.keys(valueTable).filter((name) => !names.has(name))).toEqual([]);
  });

  it('every value is used by a template', () => {
    const files = readdirSync(join(folder, 'templates')).filter((file) => /\.(tpl|yaml)$/.test(file));
    const text = files.map((file) => read(`templates/${file}`)).join('\n');
    const withoutEffect = ['disableKubernetesClientRateLimiter', 'maxConcurrentReconciles', 'global'];
    /** Passed on as a whole. */
    const whole =
      /^(limits|fairness|kubernetes\.local|kubernetes\.remoteClusters|distribution\.clusterTrustBundle|app\.certmanager\.issuer)\./;
    for (const { path } of leaves) {
      const last = path.at(-1) ?? '';
      if (withoutEffect.includes(last) || whole.test(path.join('.'))) continue;
      expect([path.join('.'), new RegExp(`\\.${last}\\b`).test(text)]).toEqual([path.join('.'), true]);
    }
  });
});
