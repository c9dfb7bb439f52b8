import type { IncomingMessage, ServerResponse } from 'node:http';
import { sizeContentType } from '#audit/add-checkpoint.ts';
import type { Verdict } from '#witness/verdict.ts';
import { answer, notFound } from '../http/answer.ts';
import { readBody } from '../http/read-body.ts';

/** What stands behind this door. */
export interface Witnessing {
  add(body: Uint8Array): Promise<Verdict>;
  /** By the SHA-256 of the log's origin, hex. */
  checkpoint(hashOfOrigin: string): string | undefined;
}

const index = `countersign: a witness of transparency logs (https://c2sp.org/tlog-witness)
/add-checkpoint             POST: cosigns the checkpoint of a log that is known here
/SHA256OFORIGIN/checkpoint  the newest one that it has cosigned of that log
`;

/** Octets: 63 lines of proof, and a checkpoint with some thirty signatures of ML-DSA-44. */
export const longestRequest = 128 * 1024;

export async function route(request: IncomingMessage, response: ServerResponse, witness: Witnessing): Promise<void> {
  const [path = ''] = (request.url ?? '').split('?', 1);
  if (path === '/add-checkpoint') return add(request, response, witness);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return answer(response, 405, 'GET and HEAD only; POST at /add-checkpoint\n');
  }
  if (path === '/') return answer(response, 200, index);
  const [, hashOfOrigin] = /^\/([0-9a-f]{64})\/checkpoint$/.exec(path) ?? [];
  const checkpoint = hashOfOrigin && witness.checkpoint(hashOfOrigin);
  return checkpoint ? answer(response, 200, checkpoint) : notFound(response);
}

async function add(request: IncomingMessage, response: ServerResponse, witness: Witnessing): Promise<void> {
  if (request.method !== 'POST') {
    response.setHeader('allow', 'POST');
    return answer(response, 405, 'POST only\n');
  }
  const body = await readBody(request, longestRequest);
  if (body === undefined) {
    response.setHeader('connection', 'close');
    return answer(response, 413, `a request has at most ${longestRequest} octets\n`);
  }
  tell(response, await witness.add(body));
}

function tell(response: ServerResponse, verdict: Verdict): void {
  switch (verdict.kind) {
    case 'cosigned':
      answer(response, 200, verdict.signatures);
      break;
    case 'seen':
      answer(response, 409, `${verdict.size}\n`, sizeContentType);
      break;
    case 'busy':
      response.setHeader('retry-after', '1');
      answer(response, 429, 'this log asks too often\n');
      break;
    case 'malformed':
    case 'unknown-log':
    case 'unsigned':
    case 'inconsistent':
      answer(response, statuses[verdict.kind], `${verdict.problem}\n`);
  }
}

const statuses = { malformed: 400, 'unknown-log': 404, unsigned: 403, inconsistent: 422 } as const;
