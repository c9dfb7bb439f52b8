/**
 * A process with as many threads as its configuration asks for, in which every session of its token hangs: a read of a
 * FIFO that nobody writes to holds a thread of the pool just as C_Sign does. Ends once a signature was verified.
 */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { closeSync, open, openSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '#config/load.ts';
import { sizeThreadPool } from '#server/thread-pool.ts';
import { importSpki, verifySignature } from '#x509/verify-signature.ts';

const [home = '', sessions = ''] = process.argv.slice(2);
sizeThreadPool(loadConfig(join(home, 'countersign.yaml')).config);
const fifo = join(home, 'fifo');
execFileSync('mkfifo', [fifo]);
for (let i = 0; i < Number(sessions); i++) open(fifo, 'r', () => {});

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const tbs = Buffer.from('to be signed');
const signature = sign('sha256', tbs, privateKey);
const key = importSpki(publicKey.export({ format: 'der', type: 'spki' }));
console.log(await verifySignature(key, 'ecdsa-sha256', tbs, signature));
closeSync(openSync(fifo, 'r+'));
