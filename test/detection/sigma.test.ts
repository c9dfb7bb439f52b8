import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { canonicalJson } from '#audit/canonical.ts';
import type { Entry } from '#audit/entry.ts';
import { sigmaText } from '#cli/detection/sigma.ts';
import { entriesOf } from '#detection/cases.ts';
import type { WatchRuleDocument } from '#detection/document.ts';
import { fieldNames, fieldOf } from '#detection/field.ts';
import { loadRuleSet } from '#detection/rule-set.ts';
import { NotInSigma, recordFields, sigmaOf } from '#detection/sigma.ts';
import { ecs } from '#export/ecs/ecs.ts';
import { describeWith, repository } from '#test/oracles.ts';

const folder = join(repository, 'policies/detection/sigma');
const page = join(repository, 'docs/detection-sigma.md');
const shipped = loadRuleSet([join(repository, 'policies/detection')]).documents.map(({ content }) => content);
const update = process.env.UPDATE_DOCS === '1';

function inSigma(content: WatchRuleDocument): string | undefined {
  try {
    return sigmaOf(content).map(sigmaText).join('---\n');
  } catch (thrown) {
    if (thrown instanceof NotInSigma) return undefined;
    throw thrown;
  }
}

const rules = shipped.flatMap((content) => {
  const yaml = inSigma(content);
  return yaml === undefined ? [] : [{ name: content.metadata.name, content, yaml }];
});

/** What systems have to be told of besides: how the sinks of ours name things there. */
const pipelines = {
  splunk: {
    name: 'Records of Countersign in Splunk, as its sink sends them',
    priority: 20,
    transformations: [
      { id: 'fields', type: 'field_name_mapping', mapping: recordFields() },
      { id: 'sourcetype', type: 'add_condition', conditions: { sourcetype: 'countersign:audit' } },
    ],
  },
  elastic: {
    name: 'Records of Countersign in Elasticsearch, as its sink sends them',
    priority: 20,
    transformations: [{ id: 'index', type: 'set_state', key: 'index', val: 'logs-countersign.audit-*' }],
  },
};

/** A file that is made of what the program says (UPDATE_DOCS=1 writes it anew). */
function holds(file: string, text: string): void {
  if (update) writeFileSync(file, text);
  expect(readFileSync(file, 'utf8')).toBe(text);
}

describe('policies/detection/sigma', () => {
  it.each(rules)('$name.yml says what the rule says', ({ name, yaml }) => {
    holds(join(folder, `${name}.yml`), `# Made of ../${name}.yaml by \`countersign detection sigma\`.\n${yaml}`);
  });

  it.each(Object.entries(pipelines))('pipelines/%s.yml names fields as the sink does', (name, pipeline) => {
    holds(join(folder, 'pipelines', `${name}.yml`), stringify(pipeline, { lineWidth: 0 }));
  });

  it('has every rule but those that Sigma has no words for', () => {
    const others = shipped.filter(({ metadata }) => !rules.some(({ name }) => name === metadata.name));
    expect(others.map(({ metadata }) => metadata.name)).toEqual(['change-outside-window']);
  });

  const spec = shipped.find(({ metadata }) => metadata.name === 'pod-on-two-nodes')?.spec;
  it.each<[string, Partial<WatchRuleDocument['spec']>]>([
    ['Sigma has no values that count as one', { distinct: { ...spec?.distinct, together: [['a', 'b']] } as never }],
    ['in Sigma its * does not end at "/"', { unless: [{ caller: ['spiffe://a/ns/*'] }] }],
    ['issuer has no field of its own', { unless: [{ issuer: ['mesh'] }] }],
    ['a filter under "unless" that wants a field absent', { unless: [{ without: ['pod'] }] }],
    ['Sigma does not compare two fields', { unless: [{ changed: true }] }],
    ['Sigma has no hours', { distinct: undefined as never }],
  ])('%s: the rule is told of, not written wrongly', (message, more) => {
    const [content] = shipped;
    if (content === undefined || spec === undefined) throw new Error('no rule');
    expect(() => sigmaOf({ ...content, spec: { ...spec, ...more } })).toThrow(message);
  });
});

/** The document that an export makes of a record. */
function documentOf(entry: Entry): unknown {
  const octets = Buffer.from(canonicalJson(entry));
  const row = ecs.row({ entry, octets, leafHash: new Uint8Array(32), origin: 'log.test/sigma', checkpointSize: 1 });
  return JSON.parse(Buffer.from(row).toString().split('\n')[1] ?? '');
}

describeWith(['detection-readers'], 'Sigma, by pySigma', (path) => {
  /** What stands for several counts as one there. */
  const cases = rules.map(({ content }) =>
    (content.spec.tests ?? []).filter(({ records }) => records.every(({ count }) => count === undefined)),
  );
  const broken = rules.slice(0, 1).map(({ yaml }) => ({ yaml: yaml.replace(/^id: .*\n/m, '') }));
  const input = {
    fields: fieldNames.flatMap((name) => fieldOf(name).ecs ?? []),
    splunk: stringify(pipelines.splunk),
    elastic: stringify(pipelines.elastic),
    rules: [...rules, ...broken].map(({ yaml }, at) => ({
      yaml,
      cases: cases[at]?.map((test) => entriesOf(test).map(documentOf)) ?? [],
    })),
  };
  const ran = spawnSync(path('detection-readers'), [join(import.meta.dirname, 'ask-sigma.py')], {
    input: JSON.stringify(input),
    encoding: 'utf8',
  });
  const answers = ran.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

  it.each(rules.map(({ name }, at) => [name, at] as const))('has nothing against %s', (_, at) => {
    expect(ran.stderr).toBe('');
    expect(answers[at].issues).toEqual([]);
  });

  it('is a judge: a rule without its id is complained of', () => {
    expect(answers.at(-1).issues).not.toEqual([]);
  });

  it.each(rules.map(({ name }, at) => [name, at] as const))('%s finds in SQL what the rule tells of', (_, at) => {
    const expected = cases[at]?.map(({ alerts }) => alerts.length > 0);
    expect(expected?.includes(true) && expected.includes(false)).toBe(true);
    expect(answers[at].found.map((rows: number) => rows > 0)).toEqual(expected);
  });

  it('docs/detection-sigma.md has the queries of other systems as pySigma makes them (UPDATE_DOCS=1 writes it anew)', () => {
    const head = readFileSync(page, 'utf8').split('<!-- queries -->')[0] ?? '';
    const queries = rules.map(({ name, content }, at) =>
      [
        `## ${name}`,
        `${content.metadata.description} Severity: ${content.spec.severity}.`,
        `Splunk:\n\n\`\`\`spl\n${answers[at].splunk.trim()}\n\`\`\``,
        `Elasticsearch, ES|QL:\n\n\`\`\`esql\n${answers[at].elastic.trim()}\n\`\`\``,
        ...(answers[at].lucene === null ? [] : [`Lucene:\n\n\`\`\`text\n${answers[at].lucene.trim()}\n\`\`\``]),
      ].join('\n\n'),
    );
    holds(page, `${head}<!-- queries -->\n\n${queries.join('\n\n')}\n`);
  });
});
