import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

/**
 * Receivers that take everything and keep nothing, as a process of their own: HTTP for Splunk, Elasticsearch, OTLP and S3,
 * and syslog over TLS. Arguments: certificate and key of the latter. Sends its ports.
 */
const [certificate = '', key = ''] = process.argv.slice(2);

const http = createServer((request, response) => {
  let lines = 0;
  request.on('data', (part: Buffer) => {
    for (const octet of part) if (octet === 0x0a) lines++;
  });
  request.on('end', () => response.writeHead(200, headersOf(request)).end(answerTo(request.url ?? '', lines)));
});
const syslog = createTlsServer(
  { cert: readFileSync(certificate), key: readFileSync(key), allowHalfOpen: true },
  (socket) => {
    socket.on('end', () => socket.end());
    socket.resume();
  },
);

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const checksum = headers['x-amz-checksum-sha256'];
  return typeof checksum === 'string' ? { 'x-amz-checksum-sha256': checksum } : {};
}

function answerTo(path: string, lines: number): string {
  if (path.endsWith('/_bulk')) return `{"items":[${Array(lines / 2).fill('{"create":{"status":201}}')}]}`;
  if (path.startsWith('/services/collector')) return '{"text":"Success","code":0}';
  return path === '/v1/logs' ? '{}' : '';
}

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return port;
}

process.send?.({ http: await portOf(http), syslog: await portOf(syslog) });
process.on('disconnect', () => process.exit(0));
