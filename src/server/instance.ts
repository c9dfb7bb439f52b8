import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Who wrote a record (contract audit §6.3 `instance`). */
export interface Instance {
  readonly [key: string]: string;
  /** New with every start of the process. */
  readonly bootId: string;
  readonly host: string;
  readonly name: string;
  readonly version: string;
}

export function productVersion(): string {
  const manifest: { version?: unknown } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  return typeof manifest.version === 'string' ? manifest.version : 'unknown';
}

export function thisInstance(name: string | undefined): Instance {
  const host = hostname();
  return { bootId: randomUUID(), host, name: name ?? host, version: productVersion() };
}

/**
 * The first octet of this instance's serials, 0x40..0x7f, from its name: two replicas with names of their own share
 * an octet with probability 1/64, and then still 152 random bits.
 */
export function serialOctet(name: string): number {
  let sum = 0;
  for (let i = 0; i < name.length; i++) sum = (sum * 31 + name.charCodeAt(i)) & 0xffff;
  return 0x40 | (sum & 0x3f);
}
