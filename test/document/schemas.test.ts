import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { RevocationsSchema } from '#authority/revocation/document.ts';
import { CeremonySchema } from '#ceremony/document.ts';
import { asWritten } from '#config/fill.ts';
import { ServerConfigSchema } from '#config/schema/server-config.ts';
import { PolicyDocument } from '#policy/document.ts';

const schemas = {
  'a configuration': asWritten(ServerConfigSchema),
  'a policy': PolicyDocument,
  'a ceremony': CeremonySchema,
  revocations: RevocationsSchema,
};

it.each(Object.entries(schemas))('the schema of %s is one of JSON Schema 2020-12', (_, schema) => {
  const ajv = new Ajv2020({ strict: true });
  expect(ajv.validateSchema(schema), ajv.errorsText()).toBe(true);
  expect(ajv.validateSchema({ ...schema, type: 'wrong' })).toBe(false);
});
