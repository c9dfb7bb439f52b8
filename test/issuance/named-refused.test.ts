import { describe, expect, it } from 'vitest';
import { Draft } from '#issuance/draft.ts';
import { mintCaller } from '#policy/caller.ts';
import { decide } from '#policy/decide.ts';
import type { NamedWish } from '#policy/question.ts';
import { Refusal } from '#refusal/refusal.ts';
import { parseTrustDomain } from '#spiffe/spiffe-id.ts';
import { setOf } from '#test/policy/sidecar.ts';
import { buildCsr, dns, san } from '#test/x509/csr/build.ts';
import { type NamedRequest, usual } from '#test/x509/csr/named-requests.ts';
import { VerifiedCsr } from '#x509/csr/verified-csr.ts';
import { KeyStrength } from '#x509/keys/key-strength.ts';
import { toPem } from '#x509/pem.ts';
import { anyName, broad, ca, certManager, hosts, isEntry, open, request, rigOf } from './named-rig.ts';
import { OutsideCa, plain } from './outside/outside-ca.ts';
import { ca as outside } from './outside/returned.ts';
import { codeOf, Rig, type RigOptions } from './rig.ts';

const checks = { keyStrength: new KeyStrength(), ownKeys: new Set<string>() };

describe('one that is not issued', () => {
  const plainPolicy = setOf({});
  const bank = { der: buildCsr({ extensions: [san(dns('bank.example'))] }), uses: usual };
  const narrow = setOf({ spec: { match: { kinds: ['end-entity'] }, sans: { dns: anyName(['*.shop.example']) } } });

  it.each<[string, RigOptions, Pick<NamedRequest, 'der' | 'uses'>, Partial<NamedWish>, string]>([
    ['a name beyond the policy', { policies: narrow }, bank, {}, 'san.forbidden'],
    [
      'usages that the CSR does not have',
      {},
      { ...hosts, der: buildCsr({ extensions: [san(dns('a.b'))] }) },
      { keyUsage: [], extendedKeyUsage: [] },
      'csr.extension',
    ],
    ['a policy for workloads alone', { policies: plainPolicy }, hosts, {}, 'policy.no-match'],
    ['a CA below one that may have none', { pathLength: 0 }, ca(), {}, 'policy.error'],
    ['a CA below one that may have one, with one below', { pathLength: 1 }, ca(), {}, 'policy.error'],
    [
      'a certificate larger than the policy takes',
      { policies: setOf({ spec: { ...broad, match: { kinds: ['end-entity'] }, certificate: { maxSize: '300B' } } }) },
      hosts,
      {},
      'profile.lint',
    ],
  ])('%s: its refusal is on the record', async (_, options, asked, over, code) => {
    const rig = rigOf(options);
    expect(codeOf(await rig.ask(request(rig, asked, over)))).toBe(code);
    const [record] = rig.log.records;
    expect(record).toMatchObject({
      reason: code,
      caller: { user: certManager.user, issuerRef: certManager.issuerRef },
    });
    expect([isEntry(record), isEntry.errors]).toEqual([true, null]);
    expect(record).not.toHaveProperty('certificate');
  });

  it('a policy for named certificates gives no SVID', async () => {
    const rig = rigOf();
    expect(codeOf(await rig.ask())).toBe('policy.no-match');
  });

  it('an issuer that is relayed to signs workload identities alone, and is not asked', async () => {
    const made: { ca?: OutsideCa } = {};
    const rig = Rig.relaying(
      (clock) => {
        made.ca = new OutsideCa(outside, clock, plain(outside));
        return made.ca;
      },
      { policies: open, authenticate: async () => mintCaller(certManager) },
    );
    const end = await rig.sequence
      .issue(
        rig.request({
          csr: toPem('CERTIFICATE REQUEST', hosts.der),
          wish: { kind: 'end-entity', ttl: 0n, ttlAbove: 'clamp', ...usual },
        }),
        new AbortController().signal,
      )
      .catch((thrown: unknown) => thrown);
    expect(end).toMatchObject({
      code: 'issuer.unavailable',
      message: expect.stringContaining('signs workload identities alone'),
    });
    expect(rig.ends).toEqual(['certificate.failed issuer.unavailable']);
  });
});

describe('leave to sign a named certificate', () => {
  it('is for the names of one request: not for those of another, though the key is the same', async () => {
    const { issuer, clock } = rigOf();
    const kind = 'end-entity';
    const read = (name: string) => {
      const der = buildCsr({ extensions: [san(dns(name))] });
      return VerifiedCsr.read(toPem('CERTIFICATE REQUEST', der), checks, { kind });
    };
    const [asked, other] = await Promise.all([read('web.shop.example'), read('bank.example')]);
    const serial = Uint8Array.of(0x4a, ...new Uint8Array(19));
    const circumstances = {
      door: 'cert-manager',
      now: clock.now(),
      issuer: issuer.facts,
      serial,
      trustDomains: { primary: parseTrustDomain('cluster.local'), aliases: [] },
      wish: { kind, ttl: 0n, ttlAbove: 'clamp', ...usual },
    } as const;
    const permit = decide(mintCaller(certManager), asked, circumstances, open);
    if (permit instanceof Refusal) throw permit;
    expect(() => Draft.of(permit, asked, issuer, serial).lint()).not.toThrow();
    expect(() => Draft.of(permit, other, issuer, serial)).toThrow('the permit is for another request');
  });
});
