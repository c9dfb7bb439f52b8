import type { IncomingMessage, ServerResponse } from 'node:http';
import { answer, answerJson, notFound } from '../http/answer.ts';
import type { AdminParts, HealthReport } from './ports.ts';
import { sendLogFile } from './published-log.ts';

const index = `countersign
/metrics         Prometheus metrics
/healthz         alive? (?verbose: every check, as JSON)
/readyz          ready for work? (?verbose)
/version         what runs
/log/checkpoint  the newest signed checkpoint of the audit log
/log/tile/…      its tiles, as C2SP tlog-tiles names them
`;

/** Answers one request; rejects when a file or the metrics cannot be read. */
export async function route(request: IncomingMessage, response: ServerResponse, parts: AdminParts): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return answer(response, 405, 'this door is for reading: GET and HEAD only\n');
  }
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  const verbose = query === 'verbose' || query.startsWith('verbose=');
  switch (path) {
    case '/':
      return answer(response, 200, index);
    case '/metrics':
      return answer(response, 200, await parts.metrics.render(), parts.metrics.contentType);
    case '/healthz':
      return sendHealth(response, parts.health.liveness(), verbose);
    case '/readyz':
      return sendHealth(response, parts.health.readiness(), verbose);
    case '/version':
      return answerJson(response, 200, parts.version);
  }
  if (!path.startsWith('/log/')) return notFound(response);
  return sendLogFile(response, parts, path.slice('/log/'.length), request.method === 'GET');
}

function sendHealth(response: ServerResponse, report: HealthReport, verbose: boolean): void {
  const status = report.ok ? 200 : 503;
  const failing = report.checks.filter(({ ok }) => !ok).map(({ name, reason }) => `${name}: ${reason ?? 'failed'}\n`);
  if (verbose) answerJson(response, status, report);
  else answer(response, status, report.ok ? 'ok\n' : failing.join('') || 'nothing has reported yet\n');
}
