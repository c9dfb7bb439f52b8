import { roles } from '#policy/role.ts';
import { Authority, Health, Me, Policies, Version } from '../answers.ts';
import { jsonRoute } from '../route.ts';

/** Who asks, and what this house is: for everybody who has a role. */
export const houseRoutes = [
  jsonRoute({
    path: '/v1/me',
    summary: 'Who you are here, and which roles you have',
    roles,
    parameters: {},
    answer: Me,
    handle: (_, { who: { facts } }) => ({
      body: {
        user: facts.user,
        method: facts.method,
        roles: [...facts.roles],
        expires: new Date(facts.expires * 1000).toISOString(),
      },
      rows: 1,
    }),
  }),
  jsonRoute({
    path: '/v1/authority',
    summary: 'Issuers, their chains and where their keys are, the trust bundle, what expires when, and the log',
    roles,
    parameters: {},
    answer: Authority,
    handle: async (_, { views }) => {
      const body = await views.authority();
      return { body, rows: body.issuers.length };
    },
  }),
  jsonRoute({
    path: '/v1/policies',
    summary: 'The policies in force, as they were read, and what holds under all of them',
    roles,
    parameters: {},
    answer: Policies,
    handle: (_, { views }) => {
      const body = views.policies();
      return { body, rows: body.documents.length };
    },
  }),
  jsonRoute({
    path: '/v1/health',
    summary: 'Whether every part works, and since when',
    roles,
    parameters: {},
    answer: Health,
    handle: (_, { views }) => {
      const body = views.health();
      return { body, rows: body.ready.checks.length };
    },
  }),
  jsonRoute({
    path: '/v1/version',
    summary: 'What runs',
    roles,
    parameters: {},
    answer: Version,
    handle: (_, { views }) => ({ body: views.version, rows: 1 }),
  }),
];
