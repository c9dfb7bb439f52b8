import { beforeEach, describe, expect, it } from 'vitest';
import { installIssuer } from '#authority/install-issuer.ts';
import type { CertManagerIssuerConfig } from '#config/sections/issuers.ts';
import type { LiveIssuer } from '#issuance/live-issuer.ts';
import { SoftwareSigner } from '#keys/software/signer.ts';
import { Refusal } from '#refusal/refusal.ts';
import type { OpenIssuer } from '#server/open-issuer.ts';
import { softwareKey } from '#server/open-key.ts';
import { UpstreamIssuer } from '#server/upstream-issuer.ts';
import { Logger } from '#telemetry/log/logger.ts';
import { FakePace, until } from '#test/kubernetes/fake-pace.ts';
import { testAuthority } from '#test/support/software-ca.ts';

const hour = 3_600_000;
const root = testAuthority({ commonName: 'Root', notAfter: 4_000_000_000 });
const denied = () => Promise.reject(new Refusal('issuer.denied', 'no CA here'));
const away = () => Promise.reject(new Refusal('issuer.unavailable', 'away'));

describe('an issuer that somebody else stands behind', () => {
  let pace: FakePace;
  let answer: () => Promise<OpenIssuer>;
  let asked: number;
  let used: string[];
  let named: { name: string; kind: string; group: string } | undefined;
  let name: (() => void) | undefined;

  beforeEach(() => {
    pace = new FakePace();
    pace.epoch = Math.floor(Date.now() / 1000) * 1000;
    asked = 0;
    used = [];
    named = { name: 'istio-ca', kind: 'Issuer', group: 'cert-manager.io' };
    answer = anIntermediate;
  });

  /** Lives ten hours from now. */
  const anIntermediate = async (): Promise<OpenIssuer> => {
    const now = pace.now() / 1000;
    const own = testAuthority({ commonName: 'CA', issuer: root, notBefore: now, notAfter: now + 36_000 });
    const signer = SoftwareSigner.fromPem(own.keyPem);
    const places = { chain: 'chain', roots: 'roots' };
    const material = { name: 'mesh', chain: own.pem, roots: root.pem, places, trustDomain: 'cluster.local', signer };
    return { ...installIssuer({ ...material, keyKind: signer.kind }, now), key: softwareKey(signer) };
  };

  function upstream(way: CertManagerIssuerConfig['way']): UpstreamIssuer {
    const intermediate = {
      subject: { commonName: 'CA' },
      keyType: 'ec:P-256',
      lifetimeSeconds: 36_000,
      renewAt: 0.6,
    } as const;
    const requests = { namespace: 'istio-system', annotations: {}, preserve: false, timeoutMs: 1, maxInFlight: 1 };
    return new UpstreamIssuer({
      config: { kind: 'cert-manager', name: 'mesh', way, requests, intermediate },
      requests: {
        get named() {
          return named;
        },
        onNamed: (follow) => {
          name = follow;
        },
        request: away,
        stop: async () => {},
      },
      obtain: () => {
        asked += 1;
        return answer();
      },
      pace,
      logger: new Logger({ write: () => {} }, () => '', 'error', pace),
    });
  }
  const start = (issuer: UpstreamIssuer) =>
    issuer.start({
      adopt: async () => void used.push('intermediate'),
      relay: async (live: LiveIssuer) => void used.push(live.way),
      named: () => void used.push('named'),
    });

  it('what is not there yet refuses for the moment, and is told of', async () => {
    const issuer = upstream('intermediate');
    expect(issuer.missing).toBe('the intermediate is not there yet');
    const first = await issuer.first();
    if (first.way !== 'relay') throw new Error('not there yet');
    const order = { csr: '', seconds: 1, purpose: 'workload', label: '' } as const;
    await expect(first.outside.request(order, new AbortController().signal)).rejects.toMatchObject({
      code: 'issuer.unavailable',
    });
  });

  it('an intermediate is renewed at its part of the lifetime; while that fails the old one serves on', async () => {
    const issuer = upstream('intermediate');
    start(issuer);
    await until(() => used.length === 1);
    answer = away;
    await pace.pass(6 * hour);
    await until(() => asked === 2);
    expect(issuer.missing).toBeUndefined();
    await pace.pass(1_000);
    await pace.pass(2_000);
    await until(() => asked === 4);
    answer = anIntermediate;
    await pace.pass(4_000);
    await until(() => used.length === 2);
    expect(used).toEqual(['intermediate', 'intermediate']);
    answer = away;
    await pace.pass(6 * hour);
    pace.epoch += 5 * hour;
    expect(issuer.missing).toBe('the intermediate has ended');
    await issuer.stop();
  });

  it('tries less and less often, and never more seldom than every five minutes', async () => {
    answer = away;
    const issuer = upstream('intermediate');
    start(issuer);
    for (const ms of [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]) await pace.pass(ms * 1000);
    await until(() => asked === 12);
    await issuer.stop();
    expect(pace.waits).toEqual([]);
  });

  it('way intermediate never relays; way either does where a CA certificate is denied, until another issuer is named', async () => {
    answer = denied;
    const strict = upstream('intermediate');
    start(strict);
    await pace.pass(1_000);
    await until(() => asked === 2);
    await strict.stop();
    expect(used).toEqual([]);
    const issuer = upstream('either');
    start(issuer);
    await until(() => used.length === 1);
    expect([used, issuer.relays, issuer.missing]).toEqual([['relay'], true, undefined]);
    answer = anIntermediate;
    name?.();
    await until(() => used.length === 3);
    expect([used, issuer.relays]).toEqual([['relay', 'named', 'intermediate'], false]);
    await issuer.stop();
  });

  it('what cannot be put to use, the log being away, is tried again', async () => {
    answer = denied;
    const issuer = upstream('either');
    let log = 'away';
    issuer.start({
      adopt: () => Promise.reject(new Refusal('log.unavailable', 'away')),
      relay: async () => {
        if (log === 'away') throw new Refusal('log.unavailable', 'away');
        used.push('relay');
      },
      named: () => {},
    });
    await pace.pass(1_000);
    await until(() => pace.waits.includes(2_000));
    expect([asked, used, issuer.relays]).toEqual([2, [], false]);
    log = 'there';
    await pace.pass(2_000);
    await until(() => used.length === 1);
    await issuer.stop();
  });

  it('way either keeps an intermediate that lives while another is denied, nearly to its end', async () => {
    const issuer = upstream('either');
    start(issuer);
    await until(() => used.length === 1);
    answer = denied;
    await pace.pass(6 * hour);
    await until(() => asked === 2);
    await pace.pass(1_000);
    await until(() => pace.waits.includes(2_000));
    expect([asked, used]).toEqual([3, ['intermediate']]);
    pace.epoch += 3.1 * hour;
    await pace.pass(2_000);
    await until(() => used.length === 2);
    expect(used).toEqual(['intermediate', 'relay']);
    await issuer.stop();
  });

  it('nobody is asked before an issuer is named, and another that is named is asked at once', async () => {
    named = undefined;
    const issuer = upstream('either');
    start(issuer);
    expect([issuer.awaitsName, issuer.missing]).toEqual([true, undefined]);
    named = { name: 'one', kind: 'Issuer', group: 'cert-manager.io' };
    await until(() => name !== undefined);
    name?.();
    await until(() => used.length === 1);
    expect([asked, issuer.awaitsName]).toEqual([1, false]);
    name?.();
    await until(() => used.length === 2);
    await issuer.stop();
  });
});
