import Type from 'typebox';
import { roles } from '#policy/role.ts';
import { openApi } from '../openapi.ts';
import { jsonRoute, type Route } from '../route.ts';
import { houseRoutes } from './house.ts';
import { logRoutes } from './log.ts';
import { operationRoutes } from './operation.ts';
import { questionRoutes } from './questions.ts';

/** All that the API does. What is not here is not there; a literal path stands before one with a parameter. */
export function routeTable(version: string): readonly Route[] {
  const document = jsonRoute({
    path: '/v1/openapi.json',
    summary: 'This API in OpenAPI 3.1, written from the table that it is served by',
    roles,
    parameters: {},
    answer: Type.Object({ openapi: Type.Literal('3.1.0') }),
    handle: () => ({ body: { ...description(), openapi: '3.1.0' as const }, rows: 1 }),
  });
  const all: readonly Route[] = [...houseRoutes, ...questionRoutes, ...logRoutes, ...operationRoutes, document];
  let made: object | undefined;
  const description = () => {
    made ??= openApi(all, version);
    return made;
  };
  return all;
}
