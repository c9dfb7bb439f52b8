import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { Access } from '#test/support/control-plane/client.ts';

export const keyTypes = ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-4096'] as const;

/** What server.conf of a SPIRE server says, and how it reaches the API server. */
export interface Order {
  readonly api: Access;
  readonly namespace: string;
  readonly issuer: { readonly name: string; readonly kind: string; readonly group: string };
  readonly trustDomain: string;
  /** ca_subject; SPIRE's own where there is none. */
  readonly subject?: {
    readonly country?: readonly string[];
    readonly organization?: readonly string[];
    readonly commonName?: string;
  };
  readonly keyType: (typeof keyTypes)[number];
  /** ca_ttl; a day where there is none. */
  readonly seconds?: number;
  /** Looks at the request, four a second; the plugin's 300 where there is no number. */
  readonly polls?: number;
  /** How many roots the bundle must hold. */
  readonly roots?: number;
}

export interface Outcome {
  /** Where it ended; `done` where SPIRE would be content. */
  readonly stage: 'order' | 'create' | 'wait' | 'answer' | 'authority' | 'workload' | 'bundle' | 'done';
  readonly error: string;
  readonly ms: number;
  readonly polls: number;
  /** Of the CertificateRequest. */
  readonly name: string;
  /** Requests that were over and are deleted, by name; `unswept` says why not all of them. */
  readonly swept: readonly string[];
  readonly unswept: string;
  /** Of the intermediate. */
  readonly authority: {
    readonly subject: string;
    readonly uris: readonly string[];
    readonly keyUsage: readonly string[];
    readonly extKeyUsage: number;
    /** -1 where there is no limit. */
    readonly pathLen: number;
    /** Seconds since the epoch. */
    readonly notBefore: number;
    readonly notAfter: number;
    readonly subjectKeyId: string;
    readonly authorityKeyId: string;
  } | null;
  /** Certificates of status.certificate. */
  readonly chain: number;
  /** Certificates of each way from an SVID to a root. */
  readonly verified: readonly number[];
  readonly svid: string;
  /** SHA-256 of each in the bundle, in hex. */
  readonly roots: readonly string[];
  /** Why a SPIRE server nested below could not work; empty where it could. */
  readonly nested: string;
}

/** A SPIRE server that gets itself a CA. `program`: spireupstream. */
export async function mint(program: string, order: Order): Promise<Outcome> {
  const child = spawn(program);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify(order));
  const [code, out, complaint] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (code !== 0) throw new Error(`spireupstream ended with ${code}: ${complaint}`);
  return JSON.parse(out);
}
