import Type from 'typebox';
import { entrySchema } from '#audit/schema.ts';
import { Problem } from './problem.ts';
import type { Route } from './route.ts';

/** The OpenAPI 3.1 document of a table of routes. */
export function openApi(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const operations = paths[route.path] ?? {};
    operations[route.method.toLowerCase()] = operation(route);
    paths[route.path] = operations;
  }
  const { $schema: _, ...entry } = asData(entrySchema);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Countersign admin API',
      version,
      description:
        'Each answer stands in the audit log before it is given. A caller has the roles of the configuration.',
    },
    security: [{ certificate: [] }, { token: [] }],
    paths,
    components: {
      securitySchemes: {
        certificate: { type: 'mutualTLS' },
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      },
      schemas: { Entry: entry, Problem: asData(Problem) },
    },
  };
}

function operation({ path, method, summary, roles, writes, parameters, media, answer }: Route): object {
  return {
    operationId: operationId(method, path),
    summary,
    'x-roles': roles,
    parameters: Object.entries(parameters.properties).map(([name, schema]) => ({
      name,
      in: path.includes(`{${name}}`) ? 'path' : 'query',
      required: parameters.required?.includes(name) ?? false,
      schema: asData(schema),
    })),
    ...(writes && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: asData(Type.Object({}, { additionalProperties: false })) } },
      },
    }),
    responses: {
      200: { description: summary, content: { [media]: { schema: asData(answer) } } },
      default: {
        description: 'what stands in the way',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

const operationId = (method: string, path: string) =>
  [method.toLowerCase(), ...path.split('/').slice(2)].map((part) => part.replace(/[{}.]/g, '')).join('-');

/** Plain JSON, without what the schema library keeps beside it. */
function asData(schema: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(structuredClone(JSON.parse(JSON.stringify(schema)))));
}
