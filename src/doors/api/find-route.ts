import { Refusal } from '#refusal/refusal.ts';
import type { Route } from './route.ts';

interface Found {
  readonly route: Route;
  /** Parameters of the path. */
  readonly words: ReadonlyMap<string, string>;
}

/**
 * The route of a path as it came, undecoded. Throws Refusal `request.unknown`, or `request.method` with the methods in
 * its detail.
 */
export function findRoute(routes: readonly Route[], method: string, path: string): Found {
  const asked = path.split('/');
  const fitting = routes.flatMap((route) => {
    const words = match(route.path.split('/'), asked);
    return words === undefined ? [] : [{ route, words }];
  });
  const found = fitting.find(({ route }) => route.method === method);
  if (found !== undefined) return found;
  if (fitting.length === 0)
    throw new Refusal('request.unknown', 'there is nothing at this path; GET /v1/openapi.json lists what there is');
  const allow = [...new Set(fitting.map(({ route }) => route.method))].join(', ');
  throw new Refusal('request.method', `this path takes ${allow}`, { allow });
}

/** Undefined where they differ. A literal goes before a parameter by standing before it in the table. */
function match(segments: readonly string[], asked: readonly string[]): ReadonlyMap<string, string> | undefined {
  if (segments.length !== asked.length) return undefined;
  const words = new Map<string, string>();
  for (const [at, segment] of segments.entries()) {
    const word = asked[at] ?? '';
    const [, name] = /^\{(.+)\}$/.exec(segment) ?? [];
    if (name === undefined && segment !== word) return undefined;
    if (name === undefined) continue;
    const text = decoded(word);
    if (text === undefined || text === '') return undefined;
    words.set(name, text);
  }
  return words;
}

function decoded(word: string): string | undefined {
  try {
    return decodeURIComponent(word);
  } catch {
    return undefined;
  }
}
