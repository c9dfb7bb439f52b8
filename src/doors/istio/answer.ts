import { constants, type ServerHttp2Stream } from 'node:http2';
import type { GrpcStatus } from './status.ts';

const { HTTP2_HEADER_CONTENT_TYPE, HTTP2_HEADER_STATUS, NGHTTP2_NO_ERROR } = constants;

const contentType = 'application/grpc';
const okHeaders = { [HTTP2_HEADER_STATUS]: 200, [HTTP2_HEADER_CONTENT_TYPE]: contentType } as const;
const okTrailers = { 'grpc-status': '0' } as const;
const waitForTrailers = { waitForTrailers: true } as const;

/** Is there anybody left to answer? */
export function canAnswer(stream: ServerHttp2Stream): boolean {
  return !stream.destroyed && !stream.closed && !stream.writableEnded;
}

/** One message and OK. `frame`: a whole gRPC frame. */
export function answerFrame(
  stream: ServerHttp2Stream,
  frame: Buffer,
  trailers?: Readonly<Record<string, string>>,
): void {
  stream.respond(okHeaders, waitForTrailers);
  stream.once('wantTrailers', () =>
    stream.sendTrailers(trailers === undefined ? okTrailers : { ...okTrailers, ...trailers }),
  );
  stream.end(frame);
}

/** Opens an answer of many messages; `endStream` closes it. */
export function openAnswer(stream: ServerHttp2Stream): void {
  stream.respond(okHeaders, waitForTrailers);
}

export function endAnswer(stream: ServerHttp2Stream, status: GrpcStatus): void {
  stream.once('wantTrailers', () => stream.sendTrailers(trailers(status)));
  stream.end();
}

/** A status and no message (gRPC's "Trailers-Only"). */
export function answerStatus(stream: ServerHttp2Stream, status: GrpcStatus, id: string): void {
  if (!canAnswer(stream)) return;
  stream.respond({ ...okHeaders, ...trailers(status), 'x-request-id': id }, { endStream: true });
  stopReading(stream);
}

/** For what is not gRPC at all. */
export function answerHttp(stream: ServerHttp2Stream, status: number): void {
  if (!canAnswer(stream)) return;
  stream.respond({ [HTTP2_HEADER_STATUS]: status }, { endStream: true });
  stopReading(stream);
}

/**
 * What the client still sends after its answer goes unread, and after a second the stream is reset without error
 * (RFC 9113 §8.1). Not at once: a reset overtakes the answer in the session's queue, and the client would see only it.
 */
function stopReading(stream: ServerHttp2Stream): void {
  if (stream.readableEnded) return;
  stream.resume();
  setTimeout(() => stream.close(NGHTTP2_NO_ERROR), 1000).unref();
}

function trailers(status: GrpcStatus) {
  return { 'grpc-status': String(status.code), 'grpc-message': percentEncode(status.message) };
}

const plain = /^[\x20-\x24\x26-\x7e]*$/;

/** gRPC over HTTP/2, "Percent-Encoded": printable ASCII but "%" stays, every other octet of the UTF-8 is `%XX`. */
function percentEncode(text: string): string {
  if (plain.test(text)) return text;
  let out = '';
  for (const octet of Buffer.from(text)) {
    const isPlain = octet >= 0x20 && octet <= 0x7e && octet !== 0x25;
    out += isPlain ? String.fromCharCode(octet) : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}
