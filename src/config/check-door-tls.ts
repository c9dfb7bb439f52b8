import { createSecureContext, getCiphers } from 'node:tls';
import type { Report } from './judgement.ts';
import type { ServerConfigText } from './schema/server-config.ts';

/** Always offered where TLS 1.3 is spoken, as Go's servers do: a list of suites is about TLS 1.2. */
export const tls13Suites = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
] as const;

/** A suite or group that this runtime lacks is found here, not by the first client. */
export function checkDoorTls({ istio: { tls }, fips }: ServerConfigText, report: Report): void {
  const { cipherSuites, groups } = tls;
  if (fips.level === 'policy' && (cipherSuites !== undefined || groups !== undefined)) {
    report(['istio', 'tls'], 'fips.level "policy" chooses suites and groups itself: leave them out');
  }
  const known = new Set(getCiphers().map((name) => name.toUpperCase()));
  const third: readonly string[] = tls13Suites;
  for (const [at, suite] of (cipherSuites ?? []).entries()) {
    const path = ['istio', 'tls', 'cipherSuites', at];
    if (third.includes(suite)) report(path, `${suite} belongs to TLS 1.3, where it is always offered: leave it out`);
    else if (!known.has(suite.toUpperCase())) report(path, `"${suite}" is no suite of this runtime's OpenSSL`);
  }
  for (const [at, group] of (groups ?? []).entries()) {
    if (!isGroup(group)) report(['istio', 'tls', 'groups', at], `"${group}" is no group of this runtime's OpenSSL`);
  }
}

function isGroup(name: string): boolean {
  try {
    createSecureContext({ ecdhCurve: name });
    // OpenSSL reads a list here; one entry of ours is one group
    return /^[\w-]+$/.test(name);
  } catch {
    return false;
  }
}
