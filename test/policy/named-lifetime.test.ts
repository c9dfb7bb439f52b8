import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate } from '#policy/decide.ts';
import type { NamedTerms } from '#policy/permit.ts';
import { Refusal } from '#refusal/refusal.ts';
import { type NamedQuestion, named, under, wishing } from './named.ts';
import { noon } from './sidecar.ts';

const now = noon / 1000;
const hour = 3600;
const ninetyDays = 2160 * hour;
const names = { sans: { dns: { mode: 'optional', patterns: ['*'] } } };
const set = (validity: object) =>
  under({ ...names, validity: { default: '2160h', max: '8760h', min: '1h', ...validity } });
const usual = set({});

const asking = (
  ttl: bigint,
  over: Partial<NamedQuestion['wish']> = {},
  serial = new Uint8Array(20),
): NamedQuestion => ({
  ...wishing(named({ dns: ['web.shop.example'] }), { ttl, ttlFrom: 'notBefore', ...over }),
  serial,
});

function permitted(asked: NamedQuestion, by = usual): NamedTerms {
  const answer = evaluate(asked, by);
  if (answer instanceof Refusal) throw answer;
  if (answer.kind === 'svid') throw new Error('nobody asked for an SVID');
  return answer;
}
const window = ({ notBefore, notAfter }: NamedTerms) => notAfter - notBefore;

describe('a lifetime that counts from notBefore', () => {
  it('K-20: is what was asked for, to the second, whatever the backdate and however young the issuer', () => {
    const backdates = fc.constantFrom('0s', '1m', '2m', '10m', '1h');
    const asked = fc.integer({ min: 3 * hour, max: 8000 * hour });
    fc.assert(
      fc.property(asked, backdates, fc.nat(2 * hour), fc.nat(999), (ttl, backdate, age, ms) => {
        const question = asking(BigInt(ttl));
        const issuer = { ...question.issuer, notBefore: now - age };
        const terms = permitted({ ...question, issuer, now: noon + ms }, set({ backdate, min: '2h' }));
        expect(window(terms)).toBe(ttl);
        expect(terms.notBefore).toBeGreaterThanOrEqual(issuer.notBefore);
        expect(terms.notBefore).toBeLessThanOrEqual(now);
        expect(terms.clamped).toBeUndefined();
      }),
    );
  });

  it('K-20: of 896 hours, as the conformance suite asks for, is 896 hours', () => {
    expect(window(permitted(asking(BigInt(896 * hour))))).toBe(896 * hour);
  });

  it('where nothing is asked for is the default of the policy, counted from now as its bounds are', () => {
    expect(permitted(asking(0n))).toMatchObject({ ttl: ninetyDays, notAfter: now + ninetyDays - 1 });
  });

  it('counts the time before now where the other way does not', () => {
    const from = (ttlFrom: 'now' | 'notBefore') => permitted(asking(BigInt(24 * hour), { ttlFrom })).notAfter;
    expect(from('now') - from('notBefore')).toBe(119);
  });

  it("K-21: never reaches past the policy's most, nor past the issuer's end", () => {
    const long = permitted(asking(BigInt(9000 * hour)));
    expect(long).toMatchObject({ ttl: 8760 * hour, clamped: { from: 9000 * hour - 119, to: 8760 * hour } });
    const question = asking(BigInt(ninetyDays));
    const ending = { ...question, issuer: { ...question.issuer, notAfter: now + 24 * hour } };
    expect(permitted(ending).notAfter).toBe(now + 24 * hour);
    expect(evaluate(ending, set({ beyondIssuer: 'reject' }))).toMatchObject({ code: 'ttl.too-long' });
    expect(evaluate(asking(2n ** 63n - 1n), set({ above: 'reject' }))).toMatchObject({ code: 'ttl.too-long' });
  });

  it.each([1n, 60n, 119n, 120n, 3600n])('of %s s is too short for a policy that gives an hour from now', (ttl) => {
    expect(evaluate(asking(ttl), usual)).toMatchObject({ code: 'ttl.too-short' });
    expect(permitted(asking(ttl), set({ below: 'clamp' })).ttl).toBe(hour);
  });

  it('of an hour is given by a policy whose least leaves room for the time before now', () => {
    expect(window(permitted(asking(3600n), set({ min: '30m' })))).toBe(3600);
  });
});
