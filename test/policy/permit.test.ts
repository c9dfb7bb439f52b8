import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { Caller, mintCaller } from '#policy/caller.ts';
import { decide } from '#policy/decide.ts';
import { Permit } from '#policy/permit.ts';
import { Refusal } from '#refusal/refusal.ts';
import { describeWith } from '#test/oracles.ts';
import { VerifiedCsr } from '#x509/csr/verified-csr.ts';
import { KeyStrength } from '#x509/keys/key-strength.ts';
import { question, setOf } from './sidecar.ts';

/** A fresh P-256 CSR with one URI, as OpenSSL makes it. */
function opensslCsr(openssl: string, uri: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'csr-'));
  try {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', join(folder, 'key')];
    const names = ['-subj', '/', '-addext', `subjectAltName=critical,URI:${uri}`];
    return execFileSync(openssl, ['req', '-new', ...key, ...names], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describeWith(['openssl'], 'a permit', (path) => {
  const set = setOf({});
  const asked = question({ dialect: 'istio-csr' });
  const caller = mintCaller(asked.caller);
  let csr: VerifiedCsr;

  beforeAll(async () => {
    const pem = opensslCsr(path('openssl'), asked.caller.identity);
    csr = await VerifiedCsr.read(pem, { keyStrength: new KeyStrength(), ownKeys: new Set() });
  });

  it('is for the key that was verified and the identity that was proven', () => {
    const permit = decide(caller, csr, asked, set);
    expect(Permit.isGranted(permit)).toBe(true);
    expect(permit).toMatchObject({
      terms: { identity: asked.caller.identity, spkiSha256: csr.key.spkiSha256, policy: 'plain', policySetId: set.id },
    });
  });

  it('cannot be changed once it is there', () => {
    const permit = decide(caller, csr, asked, set);
    expect(permit).toBeInstanceOf(Permit);
    expect(permit instanceof Permit && Object.isFrozen(permit.terms)).toBe(true);
  });

  it('is not there when the answer is no', () => {
    const other = mintCaller({ ...asked.caller, identity: question({ serviceAccount: 'bank' }).caller.identity });
    expect(decide(other, csr, asked, set)).toMatchObject({ name: 'Refusal', code: 'identity.mismatch' });
  });

  it('is not to be had for a caller or a CSR that only looks like one', () => {
    const lookalike: Caller = Object.assign(Object.create(Caller.prototype), { facts: asked.caller });
    const forged: VerifiedCsr = Object.assign(Object.create(VerifiedCsr.prototype), { key: csr.key, sans: csr.sans });
    expect(() => decide(lookalike, csr, asked, set)).toThrow(Refusal);
    expect(() => decide(caller, forged, asked, set)).toThrow(Refusal);
  });
});
