import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { jwtVerify } from 'jose';
import type { AuditEvent } from '#audit/event.ts';
import { RootOverlap } from '#authority/root-overlap.ts';
import { loadConfig } from '#config/load.ts';
import type { AuditLog } from '#issuance/ports.ts';
import { layFoundation } from '#server/foundation.ts';
import { Issuing } from '#server/issuing.ts';
import { LogKeys } from '#server/log-keys.ts';
import { assemble, openSqlite } from './assembled.ts';
import { readRequest, readTokenKey } from './limit.ts';
import { median } from './median.ts';
import { MemoryLog } from './memory-log.ts';
import { signingIssuer } from './signing-issuer.ts';

/**
 * Measures the parts of an issuance alone, in a process that does nothing else, and sends them to its parent.
 * Arguments: home, authorization, repetitions.
 */
export interface Parts {
  /** CPU of each, µs. */
  readonly csrVerify: number;
  readonly sign: number;
  readonly verifyOwn: number;
  readonly tokenVerify: number;
  readonly append: number;
  /** Records per second, 128 waiting at any time. */
  readonly appendRate: number;
}

const [home = '', authorization = '', repetitions = '1000'] = process.argv.slice(2);
const times = Number(repetitions);
const inFlight = 128;
const rounds = 5;
const foundation = layFoundation(loadConfig(`${home}/countersign.yaml`).config);
const logKeys = await LogKeys.open(foundation.config.audit, foundation.clock, () => {});
const issuing = await Issuing.open(foundation, new MemoryLog(), () => {}, new RootOverlap(0, Date.now), logKeys);
const issuer = signingIssuer(issuing);
const request = readRequest(readFileSync(`${home}/request.pem`, 'latin1'));
const tbs = new Uint8Array(640).fill(0x30);

const parts: Parts = { ...(await crypto()), ...(await log()) };
process.send?.(parts, () => process.exit(0));

/** Synchronous calls have the least overhead: nothing faster exists here. The signer is asked as the server asks it. */
async function crypto() {
  const tokenKey = await readTokenKey(readFileSync(`${home}/jwks.json`, 'utf8'));
  const token = authorization.slice('Bearer '.length);
  const signature = await issuer.signer.sign(tbs);
  const own = createPublicKey({ key: Buffer.from(issuer.signer.spki), format: 'der', type: 'spki' });
  return {
    csrVerify: await cpuOf(() => {
      const key = createPublicKey({ key: request.spki, format: 'der', type: 'spki' });
      if (!verify('sha256', request.signedPart, key, request.signature)) throw new Error('the CSR does not verify');
    }),
    sign: await cpuOf(signing()),
    verifyOwn: await cpuOf(() => verify('sha256', tbs, own, signature)),
    tokenVerify: await cpuOf(async () => {
      await jwtVerify(token, tokenKey, { algorithms: ['ES256'] });
    }),
  };
}

function signing(): () => unknown {
  const [config] = foundation.config.issuers;
  if (config?.kind !== 'key' || config.key.kind !== 'file') return () => issuer.signer.sign(tbs);
  const key = createPrivateKey(readFileSync(config.key.path));
  return () => sign('sha256', tbs, key);
}

async function log() {
  const memory = new MemoryLog();
  const event = await exampleEvent(memory);
  const store = await openSqlite(foundation, 'parts');
  const began = performance.now();
  const before = process.cpuUsage();
  let left = times * 4;
  const lane = async () => {
    while (left-- > 0) await store.append(event);
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - began) / 1000;
  await store.close();
  return { append: (user + system) / (times * 4), appendRate: (times * 4) / seconds };
}

/** The record that the sequence really writes for this request. */
async function exampleEvent(memory: MemoryLog): Promise<AuditEvent> {
  const sequence = await assemble(foundation, issuing, memory satisfies AuditLog);
  await sequence.issue(
    {
      id: '0190f5ab-1111-7000-8000-000000000001',
      door: 'istio',
      evidence: {
        authorization: [authorization],
        clusterId: [],
        peer: { ip: '127.0.0.1', port: 1, tls: { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' } },
      },
      csr: readFileSync(`${home}/request.pem`, 'latin1'),
      wish: { ttl: 3600n, csrNames: 'ignore', ttlAbove: 'reject' },
    },
    new AbortController().signal,
  );
  if (memory.last === undefined) throw new Error('nothing was issued');
  return memory.last;
}

/** µs of CPU of one call, of all threads: the median of a few rounds, the first thrown away. */
async function cpuOf(call: () => unknown): Promise<number> {
  const micros: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < times / rounds; i++) await call();
    const { user, system } = process.cpuUsage(before);
    if (round > 0) micros.push(((user + system) * rounds) / times);
  }
  return median(micros);
}
