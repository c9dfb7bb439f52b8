import type { Foundation } from '../foundation.ts';
import type { ApiParts, RunningApi } from './open-api.ts';

/** Nothing of the admin API is loaded unless it is configured. */
export async function openApi(
  foundation: Foundation,
  parts: Omit<ApiParts, 'foundation'>,
): Promise<RunningApi | undefined> {
  const { api } = foundation.config;
  if (api === undefined) return undefined;
  const { serveApi } = await import('./open-api.ts');
  return serveApi(api, { ...parts, foundation });
}
