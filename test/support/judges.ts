import 'reflect-metadata'; // what @peculiar/x509 asks of its users
import { execFileSync } from 'node:child_process';
import { createPublicKey, X509Certificate as NodeCertificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as peculiar from '@peculiar/x509';
import { issue as issueElsewhere, type Keyed, type LeafWish } from '#test/doors/istio/pki.ts';
import type { TestAuthority } from './software-ca.ts';

/** What a chain is judged by: everything that a server answered. */
export interface Judged {
  readonly name: string;
  /** `cert_chain`: leaf, intermediates one by one, all roots in the last element. */
  readonly chain: readonly string[];
}

export const derOf = (pem: string): Buffer => new NodeCertificate(pem).raw;

export interface GoVerdict {
  readonly error: string;
  readonly verify: Readonly<Record<string, string>>;
  readonly uris: readonly string[] | null;
  readonly serial: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly [field: string]: unknown;
}

/** Go crypto/x509 on each chain, now. `program`: certcheck. */
export function askGo(program: string, judged: readonly Judged[]): readonly GoVerdict[] {
  const cases = judged.map(({ chain }) => ({
    leaf: base64(chain[0]),
    intermediates: chain.slice(1, -1).map(base64),
    roots: [base64(chain.at(-1))],
    now: Math.floor(Date.now() / 1000),
  }));
  return JSON.parse(execFileSync(program, { input: JSON.stringify(cases), encoding: 'utf8' }));
}

export interface OpensslOptions {
  /** Seconds since the epoch; now unless told. */
  readonly at?: number;
  readonly purposes?: readonly string[];
  /** Whether RFC 5280 counts to the letter. */
  readonly strict?: boolean;
}

/** What `openssl verify` says of a chain for each purpose: strictly, for servers and then for clients, unless told. */
export function askOpenssl(program: string, { chain }: Judged, options: OpensslOptions = {}): string[] {
  const { at = Math.floor(Date.now() / 1000), purposes = ['sslserver', 'sslclient'], strict = true } = options;
  const folder = mkdtempSync(join(tmpdir(), 'judged-'));
  try {
    const file = (name: string, pem = '') => {
      writeFileSync(join(folder, name), pem);
      return join(folder, name);
    };
    const middle = chain.slice(1, -1).join('');
    const untrusted = middle === '' ? [] : ['-untrusted', file('middle', middle)];
    const trust = ['-CAfile', file('roots', chain.at(-1)), ...untrusted];
    const how = [...(strict ? ['-x509_strict'] : []), '-attime', String(at)];
    const leaf = file('leaf', chain[0]);
    return purposes.map((purpose) =>
      execFileSync(program, ['verify', ...how, '-purpose', purpose, ...trust, leaf], {
        encoding: 'utf8',
        stdio: 'pipe',
      }).replace(leaf, 'leaf'),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Whether @peculiar/x509 finds each element signed by the next, and all of them valid now. */
export async function askPeculiar({ chain }: Judged): Promise<boolean> {
  const certificates = chain.map((pem) => new peculiar.X509Certificate(pem));
  const links = certificates.map((certificate, at) =>
    certificate.verify({ publicKey: certificates[at + 1] ?? certificate }),
  );
  return (await Promise.all(links)).every((good) => good);
}

/** A test authority for the other library, which can sign below it whatever ours would never. */
export function elsewhere(authority: TestAuthority): Keyed {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const publicKey = createPublicKey(authority.key);
  return {
    certificate: new peculiar.X509Certificate(authority.pem),
    keys: {
      privateKey: authority.key.toCryptoKey(algorithm, true, ['sign']),
      publicKey: publicKey.toCryptoKey(algorithm, true, ['verify']),
    },
    pem: authority.pem,
    keyPem: authority.keyPem,
  };
}

/** A client certificate below a P-256 authority, as `wish` says, with its chain. */
export async function clientPair(authority: TestAuthority, wish: LeafWish): Promise<{ chain: string; key: string }> {
  const leaf = await issueElsewhere(elsewhere(authority), 'client', wish);
  return { chain: leaf.pem + authority.pem, key: leaf.keyPem };
}

function base64(pem = ''): string {
  return derOf(pem).toString('base64');
}
