import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Peer, WireEvidence } from '#issuance/ports.ts';
import { Refusal } from '#refusal/refusal.ts';

/** Longer than any W3C traceparent of a version we know. */
const longestTraceparent = 128;

/** One request, before it is known whose. */
export interface ApiAttempt {
  readonly id: string;
  readonly peer: Peer;
  readonly traceparent?: string;
}

export function attemptOf(request: IncomingMessage, id: string): ApiAttempt {
  const { socket } = request;
  const traceparent = request.headers.traceparent;
  return {
    id,
    peer: {
      ip: socket.remoteAddress ?? '',
      port: socket.remotePort ?? 0,
      ...(socket instanceof TLSSocket && { tls: tlsOf(socket) }),
    },
    ...(typeof traceparent === 'string' && traceparent.length <= longestTraceparent && { traceparent }),
  };
}

function tlsOf(socket: TLSSocket): NonNullable<Peer['tls']> {
  return {
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher().standardName,
    ...(typeof socket.servername === 'string' && { sni: socket.servername }),
  };
}

/** Throws Refusal `authn.failed` for a client certificate that does not chain to the configured CAs. */
export function evidenceOf(request: IncomingMessage, { peer }: ApiAttempt): WireEvidence {
  const { socket } = request;
  const leaf = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (leaf !== undefined && socket instanceof TLSSocket && !socket.authorized)
    throw new Refusal('authn.failed', `the client certificate does not verify: ${String(socket.authorizationError)}`);
  return {
    authorization: authorizations(request.rawHeaders),
    clusterId: [],
    peer,
    ...(leaf !== undefined && { clientCertificate: [leaf.raw] }),
  };
}

/** Every value, as received: Node's header object keeps the first alone. */
function authorizations(raw: readonly string[]): readonly string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2)
    if (raw[at]?.toLowerCase() === 'authorization') values.push(raw[at + 1] ?? '');
  return values;
}
