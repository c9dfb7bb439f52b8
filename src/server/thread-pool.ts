import type { IssuerConfig } from '#config/sections/issuers.ts';
import type { SigningKeyConfig } from '#config/sections/keys.ts';
import type { ServerConfig } from '#config/server-config.ts';

/** libuv's own number: what verifying, hashing, files and name look-ups share. */
const everythingElse = 4;
/** libuv's bound. */
const most = 1024;

/**
 * A call into a token holds its thread until it returns, however long that takes: with a thread for each session on
 * top of libuv's own, a token that hangs takes no thread from anything else.
 */
export function threadPoolSize({ issuers, audit }: Pick<ServerConfig, 'issuers' | 'audit'>): number {
  const keys = [...issuers.flatMap(keysOf), audit.key];
  return Math.min(
    most,
    keys.reduce((sum, key) => sum + sessionsOf(key), everythingElse),
  );
}

function keysOf(issuer: IssuerConfig): readonly SigningKeyConfig[] {
  if (issuer.kind === 'cert-manager') return [];
  return [issuer.key.kind === 'memory' ? issuer.key.root.key : issuer.key];
}

const sessionsOf = (key: SigningKeyConfig) => (key.kind === 'pkcs11' ? key.sessions : 0);

/**
 * Holds only before the first use of the pool, which takes the size once: before the first asynchronous call of any
 * kind (importing modules is none). A size that the operator has set stays.
 */
export function sizeThreadPool(config: ServerConfig, env: NodeJS.ProcessEnv = process.env): void {
  env.UV_THREADPOOL_SIZE ||= String(threadPoolSize(config));
}
