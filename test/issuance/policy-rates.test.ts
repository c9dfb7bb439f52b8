import { describe, expect, it } from 'vitest';
import { PolicyPaces } from '#issuance/fairness/policy-paces.ts';
import type { Signer } from '#issuance/ports.ts';
import { mintCaller } from '#policy/caller.ts';
import type { PermitTerms } from '#policy/permit.ts';
import { Refusal } from '#refusal/refusal.ts';
import { parseSpiffeId } from '#spiffe/spiffe-id.ts';
import { setOf } from '#test/policy/sidecar.ts';
import { p256Request } from '#test/support/requests.ts';
import { codeOf, Rig, type RigOptions, webCaller } from './rig.ts';

const second = 1_000;

/** Signs by the real one and counts, or fails while it is told to. */
class CountingSigner {
  signatures = 0;
  isAway = false;

  of(real: Signer): Signer {
    return {
      algorithm: real.algorithm,
      spki: real.spki,
      close: () => real.close(),
      sign: (tbs) => {
        if (this.isAway) return Promise.reject(new Refusal('signer.unavailable', 'away'));
        this.signatures += 1;
        return real.sign(tbs);
      },
    };
  }
}

function rated(rate: unknown, options: RigOptions = {}) {
  const signer = new CountingSigner();
  const policies = setOf({ name: 'rated', spec: { rate } });
  const rig = Rig.of({ ...options, policies, signer: (real) => signer.of(real) });
  return { rig, signer, ask: async () => codeOf(await rig.ask()) };
}

/** Callers of whom each is the next one: by account, and by namespace. */
function callers(...ids: readonly string[]): NonNullable<RigOptions['authenticate']> {
  let next = 0;
  return async () => {
    const identity = ids[next++ % ids.length] ?? '';
    const [, , , , namespace = '', , serviceAccount = ''] = identity.split('/');
    const { facts } = webCaller();
    return mintCaller({ ...facts, identity: parseSpiffeId(identity), namespace, serviceAccount });
  };
}
const idOf = (namespace: string, account: string) => `spiffe://cluster.local/ns/${namespace}/sa/${account}`;

describe('the rate of a policy', () => {
  it('P-46: gives so many at once and in its time, is on the record, and a refused request costs no signature', async () => {
    const { rig, signer, ask } = rated({ perIdentity: { burst: 2, per: '60s' } });
    expect([await ask(), await ask(), await ask()]).toEqual(['issued', 'issued', 'rate.exceeded']);
    expect(signer.signatures).toBe(2);
    expect(rig.log.records.at(-1)).toMatchObject({
      type: 'certificate.denied',
      reason: 'rate.exceeded',
      message: expect.stringMatching(/policy "rated" gives spiffe:.* 2 certificates in 60 s \(rate\.perIdentity\)/),
      decision: { policy: 'rated' },
    });
    rig.clock.advance(29 * second);
    expect(await ask()).toBe('rate.exceeded');
    rig.clock.advance(1 * second);
    expect([await ask(), await ask()]).toEqual(['issued', 'rate.exceeded']);
  });

  const two = [idOf('demo', 'web'), idOf('demo', 'api')];
  const far = [idOf('demo', 'web'), idOf('shop', 'web')];
  const cases: readonly (readonly [string, string, readonly string[], readonly string[]])[] = [
    ['perIdentity', 'each account has its own', two, ['issued', 'issued', 'rate.exceeded', 'rate.exceeded']],
    ['perNamespace', 'accounts of one namespace share', two, ['issued', 'rate.exceeded', 'rate.exceeded']],
    ['perNamespace', 'each namespace has its own', far, ['issued', 'issued', 'rate.exceeded']],
    ['total', 'all share', far, ['issued', 'rate.exceeded', 'rate.exceeded']],
  ];
  it.each(cases)('P-46: by %s %s', async (of, _, ids, ends) => {
    const { ask } = rated({ [of]: { burst: 1, per: '1h' } }, { authenticate: callers(...ids) });
    const got: string[] = [];
    for (const _end of ends) got.push(await ask());
    expect(got).toEqual(ends);
  });

  it('is not used up by what was not issued', async () => {
    const { signer, ask } = rated({ total: { burst: 1, per: '1h' } });
    signer.isAway = true;
    expect([await ask(), await ask()]).toEqual(['signer.unavailable', 'signer.unavailable']);
    signer.isAway = false;
    expect([await ask(), await ask()]).toEqual(['issued', 'rate.exceeded']);
  });

  it('is not used up by approvals', async () => {
    const { rig, ask } = rated({ total: { burst: 1, per: '1h' } });
    const never = new AbortController().signal;
    for (let n = 0; n < 3; n++) await rig.sequence.approve(rig.request({ csr: p256Request().csr }), never);
    expect(await ask()).toBe('issued');
  });

  it('holds for many at once as for one after the other', async () => {
    const { ask } = rated({ total: { burst: 3, per: '1h' } });
    const ends = await Promise.all(Array.from({ length: 20 }, ask));
    expect(ends.filter((end) => end === 'issued')).toHaveLength(3);
  });
});

describe('what is remembered of rates', () => {
  const terms = (identity: string): PermitTerms => ({
    ...{ kind: 'svid', identity: parseSpiffeId(identity), keyUsage: [], extendedKeyUsage: [], spkiSha256: '' },
    ...{ ttl: 1, notBefore: 0, notAfter: 1, issuer: 'mesh', maxSize: 1, policy: 'p', priority: 1, policySetId: 's' },
    rates: { limits: { perIdentity: { burst: 1, perSecond: 1 } }, namespace: undefined },
  });
  const charged = (paces: PolicyPaces, identity: string, now: number) => {
    try {
      paces.charge(terms(identity), now);
      return true;
    } catch {
      return false;
    }
  };

  it('is bounded, and who is in debt is remembered before who has none', () => {
    const paces = new PolicyPaces(3);
    expect(charged(paces, idOf('a', 'one'), 0)).toBe(true);
    expect(charged(paces, idOf('a', 'two'), 900)).toBe(true);
    expect(charged(paces, idOf('a', 'three'), 900)).toBe(true);
    // the first has paid its debt by now, and gives way
    expect(charged(paces, idOf('a', 'four'), 1_100)).toBe(true);
    for (const name of ['two', 'three', 'four']) expect(charged(paces, idOf('a', name), 1_200)).toBe(false);
  });
});
