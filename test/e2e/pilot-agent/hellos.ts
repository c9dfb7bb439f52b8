/** What two sides of a TLS handshake say before anything is secret. Numbers are IANA's. */
export interface Hellos {
  /** The client's groups, best first. */
  readonly offered: readonly number[];
  /** 0x0303 is TLS 1.2, 0x0304 is TLS 1.3. */
  readonly version: number;
  readonly suite: number;
  /** The group that the keys were exchanged in. */
  readonly group: number;
}

const handshakeRecord = 22;
const messages = { clientHello: 1, serverHello: 2, serverKeyExchange: 12 } as const;
const extensions = { supportedGroups: 10, supportedVersions: 43, keyShare: 51 } as const;
/** RFC 8422 §5.4: a curve by its name. */
const namedCurve = 3;

/** Of what each side sent from the beginning; undefined until enough of it is there. */
export function readHellos(said: Buffer, answered: Buffer): Hellos | undefined {
  const client = messagesIn(said).get(messages.clientHello);
  const answers = messagesIn(answered);
  const server = answers.get(messages.serverHello);
  if (client === undefined || server === undefined) return undefined;
  const groups = extensionsOf(client, 'client').get(extensions.supportedGroups) ?? Buffer.alloc(2);
  const offered = Array.from({ length: groups.readUInt16BE(0) / 2 }, (_, at) => groups.readUInt16BE(2 + 2 * at));
  const chosen = extensionsOf(server, 'server');
  const version = chosen.get(extensions.supportedVersions)?.readUInt16BE(0) ?? server.readUInt16BE(0);
  const suite = server.readUInt16BE(35 + server.readUInt8(34));
  const group = chosen.get(extensions.keyShare)?.readUInt16BE(0) ?? curveOf(answers.get(messages.serverKeyExchange));
  return group === undefined ? undefined : { offered, version, suite, group };
}

function curveOf(exchange: Buffer | undefined): number | undefined {
  return exchange?.readUInt8(0) === namedCurve ? exchange.readUInt16BE(1) : undefined;
}

/** Bodies of the whole messages in the open records at the beginning (RFC 8446 §5.1), by type. */
function messagesIn(octets: Buffer): Map<number, Buffer> {
  const parts: Buffer[] = [];
  for (let at = 0; at + 5 <= octets.length && octets.readUInt8(at) === handshakeRecord; ) {
    const length = octets.readUInt16BE(at + 3);
    parts.push(octets.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  const all = Buffer.concat(parts);
  const found = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= all.length; ) {
    const end = at + 4 + all.readUIntBE(at + 1, 3);
    if (end > all.length) break;
    const type = all.readUInt8(at);
    if (!found.has(type)) found.set(type, all.subarray(at + 4, end));
    at = end;
  }
  return found;
}

/** RFC 8446 §4.1.2 and §4.1.3: version, random, session; suites and compressions, or one of each; extensions. */
function extensionsOf(hello: Buffer, side: 'client' | 'server'): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  let at = 35 + hello.readUInt8(34);
  if (side === 'server') at += 3;
  else {
    at += 2 + hello.readUInt16BE(at);
    at += 1 + hello.readUInt8(at);
  }
  if (at + 2 > hello.length) return found;
  for (at += 2; at + 4 <= hello.length; ) {
    const length = hello.readUInt16BE(at + 2);
    found.set(hello.readUInt16BE(at), hello.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return found;
}
