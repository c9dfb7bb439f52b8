import type { IncomingMessage, ServerResponse } from 'node:http';
import { answer, notFound } from '../http/answer.ts';
import { HttpListener, type HttpOptions } from '../http/listener.ts';
import type { HealthReport } from './ports.ts';

export interface ProbeOptions extends HttpOptions {
  readonly health: { readiness(): HealthReport };
  /** Where readiness is asked for; each check has its own name below it. */
  readonly path: string;
  /** Checks that exist from the first moment, failing until a part speaks for itself. */
  readonly expected: readonly string[];
}

type Check = HealthReport['checks'][number];

/** Readiness on a port of its own, in the words of istio-csr's (contract istio-ca §4.2): 200 or 500, never 503. */
export function listenForProbes(options: ProbeOptions): Promise<HttpListener> {
  return HttpListener.listen(options, async (request, response) => answerProbe(request, response, options));
}

function answerProbe(request: IncomingMessage, response: ServerResponse, options: ProbeOptions): void {
  const [asked = '', query = ''] = (request.url ?? '').split('?', 2);
  const path = asked.length > 1 ? asked.replace(/\/+$/, '') : asked;
  const checks = checksOf(options);
  const check = checks.find(({ name }) => path === `${options.path}/${name}`);
  // whoever drains is not ready, whichever part one asks
  const draining = checks.find(({ name }) => name === 'shutdown');
  if (path === options.path) answerAll(response, checks, new URLSearchParams(query));
  else if (check === undefined) notFound(response);
  else answerOne(response, draining ?? check);
}

function answerOne(response: ServerResponse, { ok, reason = 'failed' }: Check): void {
  if (ok) answer(response, 200, 'ok');
  else answer(response, 500, `internal server error: ${reason}\n`);
}

function checksOf({ health, expected }: ProbeOptions): readonly Check[] {
  const { checks } = health.readiness();
  const silent = expected.filter((name) => !checks.some((check) => check.name === name));
  const starting = silent.map((name): Check => ({ name, ok: false, reason: 'starting', since: 0 }));
  return [...checks, ...starting];
}

/** `exclude` leaves a check out of the verdict; it may be given several times. */
function answerAll(response: ServerResponse, checks: readonly Check[], query: URLSearchParams): void {
  const excluded = new Set(query.getAll('exclude'));
  const ok = checks.every((check) => check.ok || excluded.has(check.name));
  if (ok && !query.has('verbose')) {
    answer(response, 200, 'ok');
    return;
  }
  const lines = checks.map((check) => {
    if (excluded.has(check.name)) return `[+]${check.name} excluded: ok`;
    return check.ok ? `[+]${check.name} ok` : `[-]${check.name} failed: ${check.reason ?? 'no reason given'}`;
  });
  const strange = [...excluded].filter((name) => !checks.some((check) => check.name === name));
  if (strange.length > 0) lines.push(`warn: nothing to exclude by the name of ${strange.length} of the words given`);
  lines.push(ok ? 'readyz check passed' : 'readyz check failed');
  answer(response, ok ? 200 : 500, `${lines.join('\n')}\n`);
}
