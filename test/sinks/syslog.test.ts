import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { rowFormats } from '#export/row-formats.ts';
import { SyslogDriver } from '#sinks/syslog/syslog-driver.ts';
import { describeWith } from '#test/oracles.ts';
import { freePort, type Program } from '#test/support/control-plane/program.ts';
import { batchOf, rig } from './rig.ts';
import { startRsyslog } from './rsyslog.ts';
import { makeTlsFiles, type TlsFolder } from './tls-files.ts';

const never = new AbortController().signal;
const cef = (from: number, to: number) => batchOf(from, to, 'cef');

describe('syslog over TLS', () => {
  let files: TlsFolder;
  beforeAll(() => {
    files = makeTlsFiles();
  });
  afterAll(() => files[Symbol.dispose]());
  const driver = (port: number, tls = files.client) =>
    new SyslogDriver({ kind: 'syslog', host: '127.0.0.1', port, tls });

  async function listen(server: Server): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }
  const secure = (onSocket: (socket: Socket) => void) =>
    createTlsServer({ ...files.server(), requestCert: true, allowHalfOpen: true }, onSocket);

  it('A-33: frames are counted in octets, and a batch is taken once the receiver has read to its end', async () => {
    const parts: Buffer[] = [];
    const server = secure((socket) => {
      socket.on('data', (part) => parts.push(Buffer.from(part)));
      socket.on('end', () => socket.end());
    });
    const port = await listen(server);
    expect(await driver(port).send(cef(0, 3), undefined, never)).toEqual({ kind: 'accepted' });
    server.close();
    let rest = Buffer.concat(parts);
    const messages: string[] = [];
    while (rest.length > 0) {
      const space = rest.indexOf(' ');
      const length = Number(rest.subarray(0, space).toString());
      messages.push(rest.subarray(space + 1, space + 1 + length).toString());
      rest = rest.subarray(space + 1 + length);
    }
    expect(messages).toEqual(cef(0, 3).rows.map(({ octets }) => Buffer.from(octets).toString().trimEnd()));
    for (const message of messages) expect(Buffer.byteLength(message)).toBeLessThanOrEqual(8_192);
  });

  it.each([
    ['resets', (socket: Socket) => socket.once('data', () => socket.destroy())],
    ['closes without reading', (socket: Socket) => socket.destroy()],
  ] as const)('A-28: a receiver that %s has taken nothing', async (_, onSocket) => {
    const server = secure(onSocket);
    const port = await listen(server);
    await expect(driver(port).send(cef(0, 400), undefined, never)).rejects.toThrow();
    server.close();
  });

  it('A-28: a receiver that reads and never ends has taken nothing, in time', async () => {
    const off = new AbortController();
    const server = secure((socket) => socket.once('data', () => off.abort()));
    const port = await listen(server);
    await expect(driver(port).send(cef(0, 1), undefined, off.signal)).rejects.toThrow(/in time/);
    server.close();
  });

  it('says what is wrong with the receiver', async () => {
    const plain = createServer((socket) => socket.end('no TLS here'));
    const plainPort = await listen(plain);
    await expect(driver(plainPort).send(cef(0, 1), undefined, never)).rejects.toThrow(/SSL|wrong version/i);
    plain.close();
    const server = secure((socket) => socket.on('end', () => socket.end()));
    const port = await listen(server);
    await expect(driver(port, {}).send(cef(0, 1), undefined, never)).rejects.toThrow(/self-signed|unable to verify/);
    server.close();
  });

  describeWith(['rsyslog'], 'to a real rsyslog', (path) => {
    const start = (folder: string, port: number): Program => {
      const { ca, certificate, key } = files.serverFiles;
      return startRsyslog(
        path('rsyslog'),
        folder,
        `global(workDirectory="${folder}" maxMessageSize="8k" DefaultNetstreamDriver="ossl"
           DefaultNetstreamDriverCAFile="${ca}" DefaultNetstreamDriverCertFile="${certificate}" DefaultNetstreamDriverKeyFile="${key}")
         module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/certvalid")
         input(type="imtcp" address="127.0.0.1" port="${port}")
         template(name="received" type="string" string="%pri% %app-name% %msgid% %structured-data% %msg%\\n")
         action(type="omfile" file="${folder}/received" template="received")\n`,
      );
    };
    const receivedIn = (folder: string) =>
      existsSync(join(folder, 'received'))
        ? readFileSync(join(folder, 'received'), 'utf8').split('\n').slice(0, -1)
        : [];
    const seqsIn = (lines: readonly string[]) => lines.map((line) => Number(/ cn1=(\d+)/.exec(line)?.[1]));

    it('A-28, A-33: has every message by mutual TLS, and after it was killed what it had not acknowledged again', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'countersign-rsyslog-'));
      const port = await freePort();
      const received = () => receivedIn(folder);
      let program = start(folder, port);
      const { delivery, cursor, pace, news, publish } = rig({ driver: driver(port), format: rowFormats.cef });
      const reach = (next: number) =>
        vi.waitUntil(
          () => {
            pace.advance(1_000);
            return cursor.place.next === next;
          },
          { timeout: 20_000, interval: 20 },
        );
      publish(250);
      await reach(250);
      // a batch that the hurried clock gave up comes twice, and while the first of it is still being read
      const arrived = () => [...new Set(seqsIn(received()))].toSorted((one, other) => one - other);
      await vi.waitUntil(() => arrived().length === 250, { timeout: 10_000 });
      expect(arrived()).toEqual(Array.from({ length: 250 }, (_, seq) => seq));
      expect(received()[0]).toMatch(/^109 countersign certificate\.issued \[countersign@\d+ .*seq="0".*CEF:0\|/);
      await program.kill();
      publish(300);
      await vi.waitUntil(
        () => {
          pace.advance(1_000);
          delivery.look();
          return news.some((each) => each.kind === 'standing' && /ECONNREFUSED/.test(each.problem ?? ''));
        },
        { timeout: 5_000 },
      );
      expect(cursor.place.next).toBe(250);
      program = start(folder, port);
      await reach(300);
      await delivery.stop();
      await vi.waitUntil(() => arrived().length === 300, { timeout: 10_000 });
      await program.kill();
      rmSync(folder, { recursive: true });
    });
  });
});
