import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { at, type TestClient } from '#test/support/control-plane/client.ts';

type Schema = Record<string, unknown>;
const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const kindMark = 'x-kubernetes-group-version-kind';

/** A folder of JSON schemas as kubeconform looks for them: what the API server itself says of its kinds, and of the operator's. */
export async function schemaFolder(client: TestClient, operator: string, kinds: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-schemas-'));
  const document = await client.get('/openapi/v2');
  const definitions = at(document, 'definitions');
  if (!isSchema(definitions)) throw new Error('the API server describes nothing');
  for (const [name, definition] of Object.entries(definitions)) {
    const marks = at(definition, kindMark);
    for (const mark of Array.isArray(marks) ? marks : []) {
      const kind = String(at(mark, 'kind'));
      if (!kinds.includes(kind)) continue;
      const root = { $ref: `#/definitions/${name}`, definitions: needed(definitions, name) };
      write(folder, kind, String(at(mark, 'group')), String(at(mark, 'version')), root);
    }
  }
  for (const file of readdirSync(operator).filter((each) => each.endsWith('.yaml'))) {
    const definition: unknown = parse(readFileSync(join(operator, file), 'utf8'));
    const [version] = [at(definition, 'spec', 'versions', 0)];
    const schema = at(version, 'schema', 'openAPIV3Schema');
    const group = String(at(definition, 'spec', 'group'));
    write(folder, String(at(definition, 'spec', 'names', 'kind')), group, String(at(version, 'name')), strict(schema));
  }
  return folder;
}

function write(folder: string, kind: string, group: string, version: string, schema: unknown): void {
  // kubeconform looks for the first part of a group alone
  const file = [kind, ...(group === '' ? [] : [group.split('.')[0]]), version].join('-').toLowerCase();
  writeFileSync(join(folder, `${file}.json`), JSON.stringify(schema));
}

/** The definition of that name and all that it refers to. */
function needed(definitions: Schema, name: string): Schema {
  const found: Schema = {};
  const open = [name];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next in found) continue;
    found[next] = strict(definitions[next]);
    for (const [, other = ''] of JSON.stringify(definitions[next]).matchAll(/"#\/definitions\/([^"]+)"/g))
      open.push(other);
  }
  return found;
}

/** No member that is not described; numbers where Kubernetes takes both. */
function strict(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strict);
  if (!isSchema(value)) return value;
  if (value.format === 'int-or-string' || value['x-kubernetes-int-or-string'] === true)
    return { type: ['string', 'integer', 'number'] };
  const inner = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, strict(each)]));
  const isObject = isSchema(value.properties) && value.additionalProperties === undefined;
  return isObject ? { ...inner, additionalProperties: false } : inner;
}
