import { Reloaded } from '../answers.ts';
import { jsonRoute } from '../route.ts';

/** What an operator may do: nothing that the files do not say. */
export const operationRoutes = [
  jsonRoute({
    method: 'POST',
    path: '/v1/reload',
    summary: 'Look at the files of policies, roots, issuers and revocations now; what changed',
    roles: ['operator'],
    writes: true,
    parameters: {},
    answer: Reloaded,
    handle: async (_, { views }) => {
      const body = await views.reload();
      return { body, rows: body.changes.length };
    },
  }),
];
