import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answer, notFound } from '../http/answer.ts';
import { readBody } from '../http/read-body.ts';
import type { OcspAnswer, PublishedObject, StatusViews } from './ports.ts';

const index = `countersign: the status of certificates
/crl/KEYID.crl   the CRL of the issuer with that key identifier
/crl/bundle.pem  the CRLs of all CAs up to the roots, once there is one of each
/ca/KEYID.cer    its certificate
/ocsp            OCSP by POST; by GET at /ocsp/REQUEST (RFC 6960, appendix A)
`;

/** Octets of an OCSPRequest: one about a single certificate has about 80. */
export const longestRequest = 4_096;

const keyIdForm = /^\/(crl|ca)\/([0-9a-f]{2,64})\.(crl|cer)$/;

export interface RouteParts {
  readonly views: StatusViews;
  /** ms since the epoch. */
  readonly now: () => number;
}

export async function route(request: IncomingMessage, response: ServerResponse, parts: RouteParts): Promise<void> {
  const [path = ''] = (request.url ?? '').split('?', 1);
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (path === '/ocsp' && request.method === 'POST') return answerPost(request, response, parts);
  if (!isRead) {
    response.setHeader('allow', path === '/ocsp' ? 'GET, HEAD, POST' : 'GET, HEAD');
    return answer(response, 405, 'GET and HEAD only; POST at /ocsp\n');
  }
  if (path === '/') return answer(response, 200, index);
  if (path.startsWith('/ocsp/')) return answerGet(path.slice('/ocsp/'.length), response, parts);
  if (path === '/crl/bundle.pem') return sendBundle(request, response, parts);
  const [, kind, keyId = '', ending] = keyIdForm.exec(path) ?? [];
  if (kind === 'crl' && ending === 'crl') return sendCrl(request, response, keyId, parts);
  if (kind === 'ca' && ending === 'cer') return sendCertificate(response, keyId, parts);
  return notFound(response);
}

function sendCrl(request: IncomingMessage, response: ServerResponse, keyId: string, { views, now }: RouteParts): void {
  const crl = views.crl(keyId);
  if (crl === undefined) notFound(response);
  else sendKept(request, response, crl, { now, contentType: 'application/pkix-crl' });
}

function sendBundle(request: IncomingMessage, response: ServerResponse, { views, now }: RouteParts): void {
  const bundle = views.bundle();
  if (bundle === undefined) {
    answer(response, 404, 'not every CA of the chains has a CRL here\n');
    return;
  }
  sendKept(
    request,
    response,
    { ...bundle, der: Buffer.from(bundle.pem) },
    { now, contentType: 'application/x-pem-file' },
  );
}

function sendKept(
  request: IncomingMessage,
  response: ServerResponse,
  crl: PublishedObject,
  { now, contentType }: { readonly now: () => number; readonly contentType: string },
): void {
  const tag = `"${hash('sha256', crl.der, 'hex').slice(0, 32)}"`;
  response.setHeader('etag', tag);
  response.setHeader('last-modified', httpTime(crl.thisUpdate));
  response.setHeader('cache-control', `public, max-age=${crlMaxAge(crl.nextUpdate, now())}`);
  if (request.headers['if-none-match'] === tag) {
    response.writeHead(304).end();
    return;
  }
  send(response, crl.der, contentType);
}

/** A new CRL comes with each revocation: nobody is kept from it longer than this, seconds. */
const longestCrlAge = 300;

const crlMaxAge = (nextUpdate: number, now: number) =>
  Math.max(0, Math.min(longestCrlAge, nextUpdate - Math.floor(now / 1000)));

function sendCertificate(response: ServerResponse, keyId: string, { views }: RouteParts): void {
  const certificate = views.certificate(keyId);
  if (certificate === undefined) {
    notFound(response);
    return;
  }
  response.setHeader('cache-control', 'public, max-age=86400');
  send(response, certificate, 'application/pkix-cert');
}

async function answerPost(
  request: IncomingMessage,
  response: ServerResponse,
  { views, now }: RouteParts,
): Promise<void> {
  if (request.headers['content-type']?.split(';')[0]?.trim() !== 'application/ocsp-request')
    return answer(response, 415, 'content-type: an OCSP request is application/ocsp-request\n');
  const body = await readBody(request, longestRequest);
  if (body === undefined) {
    response.setHeader('connection', 'close');
    return answer(response, 413, `an OCSP request has at most ${longestRequest} octets\n`);
  }
  sendOcsp(response, await views.ocsp(body), now());
}

async function answerGet(encoded: string, response: ServerResponse, { views, now }: RouteParts): Promise<void> {
  const request = decoded(encoded);
  if (request === undefined)
    return answer(response, 400, 'after /ocsp/ comes the base64 of an OCSP request, URL-encoded\n');
  sendOcsp(response, await views.ocsp(request), now());
}

/** Some clients leave `/` and `+` of base64 as they are, and some servers on the way fold `//`: those are lost. */
function decoded(encoded: string): Uint8Array | undefined {
  if (encoded.length > longestRequest * 2) return undefined;
  try {
    const text = decodeURIComponent(encoded);
    return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
  } catch {
    return undefined;
  }
}

/** As RFC 5019 §6.2 has it: for as long as the answer is the newest, and not a second past its end. */
function sendOcsp(response: ServerResponse, { der, keep }: OcspAnswer, now: number): void {
  if (keep === undefined) response.setHeader('cache-control', 'no-store');
  else {
    const age = Math.max(0, Math.min(keep.renewedAt, keep.nextUpdate) - Math.floor(now / 1000));
    response.setHeader('cache-control', `max-age=${age}, public, no-transform, must-revalidate`);
    response.setHeader('etag', `"${hash('sha256', der, 'hex').slice(0, 32)}"`);
    response.setHeader('last-modified', httpTime(keep.producedAt));
    response.setHeader('expires', httpTime(keep.nextUpdate));
  }
  send(response, der, 'application/ocsp-response');
}

function send(response: ServerResponse, der: Uint8Array, contentType: string): void {
  response.setHeader('content-type', contentType);
  response.setHeader('content-length', der.length);
  response.writeHead(200);
  response.end(der);
}

const httpTime = (seconds: number) => new Date(seconds * 1000).toUTCString();
