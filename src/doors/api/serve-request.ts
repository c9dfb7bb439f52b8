import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Administrator } from '#policy/administrator.ts';
import { asRefusal, Refusal } from '#refusal/refusal.ts';
import { type ApiAttempt, attemptOf, evidenceOf } from './evidence.ts';
import { findRoute } from './find-route.ts';
import type { Limits } from './limits.ts';
import type { Look, LookLog } from './look-log.ts';
import { readQuery } from './parameters.ts';
import type { AdministratorProof, ApiViews } from './ports.ts';
import { problemOf, retryAfter, statusOf } from './problem.ts';
import { type RecordStream, sendRecords } from './record-stream.ts';
import { demandNoBody, demandSameSite, readWriteBody } from './request-body.ts';
import type { Prepared, Route } from './route.ts';

export interface ApiObserver {
  /** `route`: as the table has it; undefined where none was found. `ms`: how long it took. */
  answered(ended: ApiEnd): void;
  failed(thrown: unknown): void;
}

export interface ApiEnd {
  readonly route: string | undefined;
  readonly status: number;
  readonly attempt: ApiAttempt;
  /** ms since the epoch, and ms. */
  readonly startedAt: number;
  readonly totalMs: number;
}

export interface RequestParts {
  readonly routes: readonly Route[];
  readonly proof: AdministratorProof;
  readonly views: ApiViews;
  readonly looks: LookLog;
  readonly limits: Limits;
  readonly observer: ApiObserver;
  readonly requestId: () => string;
  /** Ends what would not end by itself: the door closes. */
  readonly closing: AbortSignal;
}

/** What is known of a request so far: for the record of its end, wherever that comes. */
interface Known {
  who?: Administrator;
  look?: Look;
  /** It was let through: what comes of it now is an action, and no denial. */
  begun?: true;
}

/** Characters of an address. */
const longestAddress = 8_192;
/** ms that an answer may take to be made. */
const longestWork = 30_000;

/** One request from its first octet to the last of its answer. Never rejects. */
export async function serveRequest(
  request: IncomingMessage,
  response: ServerResponse,
  parts: RequestParts,
): Promise<void> {
  const attempt = attemptOf(request, parts.requestId());
  const startedAt = Date.now();
  const from = performance.now();
  const known: Known = {};
  response.setHeader('x-request-id', attempt.id);
  try {
    await answer(request, response, { attempt, known, parts });
  } catch (thrown) {
    await refuse(response, thrown, { attempt, known, parts });
  }
  const totalMs = performance.now() - from;
  const { statusCode: status } = response;
  parts.observer.answered({ route: known.look?.route, status, attempt, startedAt, totalMs });
}

interface Course {
  readonly attempt: ApiAttempt;
  readonly known: Known;
  readonly parts: RequestParts;
}

/** The one order: a place, a proof, a route, a role, the parameters, the answer, its record, and only then its octets. */
async function answer(request: IncomingMessage, response: ServerResponse, course: Course): Promise<void> {
  const { attempt, known, parts } = course;
  const { limits, looks } = parts;
  const gone = new AbortController();
  response.once('close', () => gone.abort(new Refusal('cancelled', 'the asker went away')));
  using place = limits.enter();
  const signal = AbortSignal.any([gone.signal, parts.closing, AbortSignal.timeout(longestWork)]);
  const who = await prove(request, course, signal);
  known.who = who;
  using own = limits.admit(personOf(who), performance.now());
  await looks.login(attempt, who);
  const { route, prepared } = read(request, known, who, parts);
  if (route.writes) await readWriteBody(request);
  else demandNoBody(request);
  const look = known.look ?? { route: routeName(route), parameters: {} };
  known.begun = true;
  // what changes something is on the record before it does: a crash in between leaves a record of what was wanted
  if (route.writes) await looks.looked(attempt, who, look, { stage: 'begun' });
  const outcome = await prepared.run({ who, views: parts.views, signal, ...lastEventId(request) });
  if (outcome.kind === 'stream') {
    const places = limits.stream(personOf(who));
    place[Symbol.dispose]();
    own[Symbol.dispose]();
    using _ = places;
    await stream(response, outcome.stream, { ...course, look, who, gone: gone.signal });
    return;
  }
  signal.throwIfAborted();
  const { rows, body } = outcome;
  await looks.looked(attempt, who, look, { rows, ...(route.writes && { stage: 'ended' }) });
  if (outcome.kind === 'json') send(response, 200, 'application/json', `${JSON.stringify(body)}\n`);
  else send(response, 200, 'text/plain; charset=utf-8', outcome.body);
}

async function prove(
  request: IncomingMessage,
  { attempt, parts }: Course,
  signal: AbortSignal,
): Promise<Administrator> {
  const { limits, proof } = parts;
  const { ip } = attempt.peer;
  const now = performance.now();
  try {
    const evidence = evidenceOf(request, attempt);
    // whoever came with a certificate that holds does not wait for the strangers behind the same address
    if (evidence.clientCertificate === undefined) limits.mayProve(ip, now);
    return await proof.authenticate(evidence, signal);
  } catch (thrown) {
    if (!(thrown instanceof Refusal && thrown.code === 'rate.exceeded')) limits.failedToProve(ip, now);
    throw thrown;
  }
}

function read(
  request: IncomingMessage,
  known: Known,
  who: Administrator,
  { routes }: RequestParts,
): { readonly route: Route; readonly prepared: Prepared } {
  const { url = '', method = '' } = request;
  if (url.length > longestAddress)
    throw new Refusal('request.too-large', `an address has at most ${longestAddress} characters`);
  const at = url.indexOf('?');
  const { route, words } = findRoute(routes, method, at < 0 ? url : url.slice(0, at));
  known.look = { route: routeName(route), parameters: {} };
  if (!route.roles.some((role) => who.has(role)))
    throw new Refusal('authz.role', `this needs one of the roles ${route.roles.join(', ')}`);
  demandSameSite(request);
  const query = readQuery(at < 0 ? '' : url.slice(at + 1));
  for (const name of words.keys())
    if (query.has(name)) throw new Refusal('request.malformed', `${name} stands in the path`);
  const prepared = route.prepare(new Map([...query, ...words]));
  known.look = { route: routeName(route), parameters: prepared.given };
  return { route, prepared };
}

async function stream(
  response: ServerResponse,
  records: RecordStream,
  { attempt, look, who, parts, gone }: Course & { look: Look; who: Administrator; gone: AbortSignal },
): Promise<void> {
  const { looks, closing } = parts;
  await looks.looked(attempt, who, look, { stage: 'begun' });
  const expired = AbortSignal.timeout(Math.min(Math.max(0, who.facts.expires * 1000 - Date.now()), 2 ** 31 - 1));
  const rows = await sendRecords(response, records, AbortSignal.any([gone, closing, expired]));
  await looks.looked(attempt, who, look, { stage: 'ended', rows });
}

async function refuse(response: ServerResponse, thrown: unknown, { attempt, known, parts }: Course): Promise<void> {
  const { looks, observer } = parts;
  const refusal = asRefusal(endOf(thrown));
  if (refusal.code === 'internal') observer.failed(refusal.cause ?? thrown);
  let given = refusal;
  const { who, look } = known;
  if (known.begun && who !== undefined && look !== undefined) {
    const recorded = looks.looked(attempt, who, look, { refusal });
    given = await recorded.then(() => refusal, asRefusal);
  } else given = await looks.denied(attempt, who, look, refusal);
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const status = statusOf(given);
  if (status === 401) response.setHeader('www-authenticate', 'Bearer realm="countersign"');
  const { allow } = given.detail;
  if (status === 405 && typeof allow === 'string') response.setHeader('allow', allow);
  const seconds = retryAfter(given);
  if (seconds !== undefined) response.setHeader('retry-after', seconds);
  // a body that nobody read must not be taken for the next request
  response.setHeader('connection', 'close');
  send(response, status, 'application/problem+json', `${JSON.stringify(problemOf(given, attempt.id))}\n`);
}

/** The time that an answer may take is over. */
const endOf = (thrown: unknown) =>
  thrown instanceof Error && thrown.name === 'TimeoutError'
    ? new Refusal('deadline', `the answer was not there after ${longestWork / 1000} s`, {}, { cause: thrown })
    : thrown;

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(body);
}

export const routeName = ({ method, path }: Pick<Route, 'method' | 'path'>) => `${method} ${path}`;

const personOf = ({ facts }: Administrator) => `${facts.method}\n${facts.credential.issuer ?? ''}\n${facts.user}`;

function lastEventId({ headers }: IncomingMessage): { readonly lastEventId?: string } {
  const value = headers['last-event-id'];
  return typeof value === 'string' ? { lastEventId: value } : {};
}
