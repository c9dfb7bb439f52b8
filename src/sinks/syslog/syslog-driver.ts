import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { readTls } from '#http/tls-files.ts';
import { accepted, type Batch, type Driver, type Outcome, type Row } from '../driver.ts';
import type { SyslogTarget } from '../settings.ts';

/**
 * Syslog over TLS (RFC 5425). The protocol has no acknowledgement, and what a socket has taken may never be read: so each
 * batch has a connection of its own, which we end and the receiver ends in turn. It does so when it has read to the
 * end; one that died before has its system say "reset" instead.
 */
export class SyslogDriver implements Driver {
  readonly #target: SyslogTarget;

  constructor(target: SyslogTarget) {
    this.#target = target;
  }

  async send({ rows }: Batch, _memo: string | undefined, signal: AbortSignal): Promise<Outcome> {
    if (rows.length === 0) return accepted;
    const { host, port, tls } = this.#target;
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = connect({ host, port, ...name, ...(await readTls(tls)) });
    const onAbort = () => socket.destroy(new Error('it did not read to the end in time'));
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await readToTheEnd(socket, Buffer.concat(rows.flatMap(frame)));
      return accepted;
    } finally {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
    }
  }

  async close(): Promise<void> {}
}

/** `LENGTH SP MESSAGE` (RFC 5425 §4.3); a row ends in a newline, a message does not. */
function frame({ octets }: Row): Uint8Array[] {
  const message = octets.at(-1) === 0x0a ? octets.subarray(0, -1) : octets;
  return [Buffer.from(`${message.length} `), message];
}

function readToTheEnd(socket: TLSSocket, octets: Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.on('error', reject);
  socket.on('secureConnect', () => socket.end(octets));
  socket.on('end', () => {
    if (socket.writableFinished) resolve();
    else reject(new Error('it ended the connection before it had everything'));
  });
  socket.on('close', () => reject(new Error('it closed the connection without an end')));
  // Nobody says anything there; what is not read hides the end.
  socket.resume();
  return promise;
}
