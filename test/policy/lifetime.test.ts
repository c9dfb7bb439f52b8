import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate } from '#policy/decide.ts';
import type { PermitTerms } from '#policy/permit.ts';
import type { Question, SvidWish } from '#policy/question.ts';
import type { PolicySet } from '#policy/set.ts';
import { Refusal } from '#refusal/refusal.ts';
import { noon, question, setOf } from './sidecar.ts';

const now = noon / 1000;
const hour = 3600;

const under = (validity: Readonly<Record<string, string>>) =>
  setOf({ spec: { validity: { default: '1h', max: '4h', min: '10m', ...validity } } });

function asking(ttl: bigint, over: Partial<SvidWish> = {}, serial: Uint8Array = new Uint8Array(20)): Question {
  const asked = question({}, { serial });
  return { ...asked, wish: { ...asked.wish, ttl, ...over } };
}

function permitted(asked: Question, set: PolicySet): PermitTerms {
  const answer = evaluate(asked, set);
  if (answer instanceof Refusal) throw answer;
  return answer;
}

function codeOf(asked: Question, set: PolicySet): string {
  const answer = evaluate(asked, set);
  return answer instanceof Refusal ? answer.code : `ttl ${answer.ttl}`;
}

const endingIn = (left: number, asked: Question): Question => ({
  ...asked,
  issuer: { ...asked.issuer, notAfter: now + left },
});

describe('the lifetime of a certificate', () => {
  it.each([0n, -1n, -(2n ** 63n)])('Istio 73: for a wish of %s is the default', (ttl) => {
    expect(permitted(asking(ttl), under({ default: '2h' }))).toMatchObject({ ttl: 2 * hour });
  });

  it('P-43: over the maximum is cut under clamp, and the cut is in the terms', () => {
    const terms = permitted(asking(86_400n), under({ above: 'clamp' }));
    expect(terms).toMatchObject({ ttl: 4 * hour, clamped: { from: 86_400, to: 4 * hour } });
  });

  it('P-43: over the maximum is ttl.too-long under reject', () => {
    const answer = evaluate(asking(86_400n), under({ above: 'reject' }));
    expect(answer).toMatchObject({
      code: 'ttl.too-long',
      message: 'requested TTL 86400s is greater than the max allowed TTL 4h',
      detail: { asked: '86400', max: 4 * hour, policy: 'plain' },
    });
  });

  it('fills a window that an API allows: the policy decides within it, and the time before now counts', () => {
    const span = { least: hour, most: 2 * hour };
    const window = (asked: Question, validity: Readonly<Record<string, string>>) => {
      const { notBefore, notAfter } = permitted(asked, under({ backdate: '2m', ...validity }));
      expect(notBefore).toBe(now - 120);
      return notAfter - notBefore;
    };
    expect(window(asking(0n, { span }), { default: '4h' })).toBe(2 * hour);
    expect(window(asking(0n, { span }), { default: '10m' })).toBe(hour);
    expect(window(asking(0n, { span }), { default: '90m' })).toBe(90 * 60 + 119);
    expect(window(asking(0n, { span: { least: hour, most: hour } }), { jitter: '10m' })).toBe(hour);
    for (const serial of [new Uint8Array(20), new Uint8Array(20).fill(255)])
      expect(window(asking(0n, { span }, serial), { default: '1h', jitter: '1h' })).toBeGreaterThanOrEqual(hour);
  });

  it('is none where the policy, or the end of the issuer, leaves less than an API takes', () => {
    const span = { least: hour, most: hour };
    expect(codeOf(asking(0n, { span }), under({ max: '30m', default: '20m' }))).toBe('ttl.too-short');
    expect(codeOf(endingIn(hour / 2, asking(0n, { span })), under({}))).toBe('issuer.expired');
  });

  it("is never longer than the door gives, neither by the policy's default nor under clamp", () => {
    const cut = permitted(asking(86_400n, { ttlAtMost: hour }), under({ above: 'clamp' }));
    expect(cut).toMatchObject({ ttl: hour, clamped: { from: 86_400, to: hour } });
    expect(permitted(asking(0n, { ttlAtMost: hour }), under({ default: '2h' })).ttl).toBe(hour);
    expect(permitted(asking(0n, { ttlAtMost: 300 }), under({})).ttl).toBe(300);
    expect(permitted(asking(86_400n, { ttlAtMost: 8 * hour }), under({ above: 'clamp' })).ttl).toBe(4 * hour);
    expect(codeOf(asking(7200n, { ttlAtMost: hour }), under({ above: 'reject' }))).toBe('ttl.too-long');
  });

  it('K-20: what the door gives at most is counted from where the wish is', () => {
    const window = (over: Partial<SvidWish>, ttl = 86_400n) => {
      const { notBefore, notAfter } = permitted(asking(ttl, over), under({ above: 'clamp', backdate: '2m' }));
      return notAfter - notBefore;
    };
    expect(window({ ttlAtMost: hour, ttlFrom: 'notBefore' })).toBe(hour);
    expect(window({ ttlAtMost: hour, ttlFrom: 'notBefore' }, BigInt(hour))).toBe(hour);
    expect(window({ ttlAtMost: hour })).toBe(hour + 119);
  });

  it('P-43: clamp and reject agree up to the last second of the maximum', () => {
    for (const above of ['clamp', 'reject']) {
      const terms = permitted(asking(BigInt(4 * hour)), under({ above }));
      expect(terms.ttl).toBe(4 * hour);
      expect(terms.clamped).toBeUndefined();
    }
    expect(codeOf(asking(BigInt(4 * hour + 1)), under({ above: 'reject' }))).toBe('ttl.too-long');
  });

  it("Istio 74: where the policy says nothing, the door's dialect decides", () => {
    expect(codeOf(asking(86_400n, { ttlAbove: 'clamp' }), under({}))).toBe(`ttl ${4 * hour}`);
    expect(codeOf(asking(86_400n, { ttlAbove: 'reject' }), under({}))).toBe('ttl.too-long');
    expect(codeOf(asking(86_400n, { ttlAbove: 'reject' }), under({ above: 'clamp' }))).toBe(`ttl ${4 * hour}`);
    expect(codeOf(asking(86_400n, { ttlAbove: 'clamp' }), under({ above: 'reject' }))).toBe('ttl.too-long');
  });

  it('Istio 75: 2^63-1 and -2^63 seconds do not overflow', () => {
    const longest = permitted(asking(2n ** 63n - 1n), under({ above: 'clamp' }));
    expect(longest).toMatchObject({ ttl: 4 * hour, clamped: { from: Number.MAX_SAFE_INTEGER, to: 4 * hour } });
    expect(codeOf(asking(2n ** 63n - 1n), under({ above: 'reject' }))).toBe('ttl.too-long');
    expect(codeOf(asking(-(2n ** 63n)), under({ above: 'reject' }))).toBe(`ttl ${hour}`);
  });

  it('under the minimum is refused, or raised to it where the policy says so', () => {
    expect(codeOf(asking(599n), under({}))).toBe('ttl.too-short');
    const raised = permitted(asking(599n), under({ below: 'clamp' }));
    expect(raised).toMatchObject({ ttl: 600, clamped: { from: 599, to: 600 } });
  });

  it('Istio 76: never has its middle before one minute from now, however short the wish', () => {
    const shortest = under({ min: '241s', below: 'reject' });
    expect(codeOf(asking(240n), shortest)).toBe('ttl.too-short');
    const { notBefore, notAfter } = permitted(asking(241n), shortest);
    expect((notBefore + notAfter) / 2).toBe(now + 60);
  });

  it('Istio 76: an issuer about to end does not sign what would end at once', () => {
    const set = under({ min: '10m' });
    expect(codeOf(endingIn(599, asking(BigInt(hour))), set)).toBe('ttl 600');
    expect(codeOf(endingIn(598, asking(BigInt(hour))), set)).toBe('issuer.expired');
  });

  it("P-5: never reaches past the issuer's end: cut, or refused where the policy says so", () => {
    const cut = permitted(endingIn(1800, asking(BigInt(hour))), under({}));
    expect(cut).toMatchObject({ notAfter: now + 1800, ttl: 1801, clamped: { from: hour, to: 1801 } });
    expect(codeOf(endingIn(1800, asking(BigInt(hour))), under({ beyondIssuer: 'reject' }))).toBe('ttl.too-long');
    expect(codeOf(endingIn(hour - 1, asking(BigInt(hour))), under({ beyondIssuer: 'reject' }))).toBe(`ttl ${hour}`);
  });

  it("P-5: begins backdate before now, and not before the issuer's own beginning", () => {
    expect(permitted(asking(0n), under({ backdate: '5m' })).notBefore).toBe(now - 300);
    const asked = asking(0n);
    const young = { ...asked, issuer: { ...asked.issuer, notBefore: now - 10 } };
    expect(permitted(young, under({})).notBefore).toBe(now - 10);
  });

  it('P-5: counted inclusively is at most max and backdate', () => {
    const { notBefore, notAfter } = permitted(asking(BigInt(4 * hour)), under({ backdate: '2m' }));
    expect(notAfter - notBefore + 1).toBe(4 * hour + 120);
  });

  it('Istio 71: is backdated by two minutes where the policy does not say', () => {
    expect(permitted(asking(0n), under({})).notBefore).toBe(now - 120);
  });

  it('is in whole seconds at any millisecond', () => {
    const { notBefore, notAfter } = permitted({ ...asking(0n), now: noon + 999 }, under({}));
    expect([notBefore, notAfter]).toEqual([now - 120, now + hour - 1]);
  });
});

describe('jitter', () => {
  const set = under({ jitter: '30m' });
  const withLast = (value: number) => {
    const serial = new Uint8Array(20).fill(0x41);
    new DataView(serial.buffer).setUint32(16, value);
    serial.fill(0, 14, 16);
    return serial;
  };

  it('only shortens, by at most itself, never past min, and not as a clamp', () => {
    const serials = fc.uint8Array({ minLength: 20, maxLength: 20 });
    const wishes = fc.bigInt(600n, 14_400n);
    fc.assert(
      fc.property(serials, wishes, (serial, ttl) => {
        const terms = permitted(asking(ttl, {}, serial), set);
        expect(terms.ttl).toBeLessThanOrEqual(Number(ttl));
        expect(terms.ttl).toBeGreaterThanOrEqual(Math.max(600, Number(ttl) - 1800));
        expect(terms.clamped).toBeUndefined();
        expect(terms.notAfter).toBe(now + terms.ttl - 1);
      }),
    );
  });

  it('comes from the serial alone: the same serial, the same second', () => {
    const ttls = (serial: Uint8Array) => permitted(asking(BigInt(2 * hour), {}, serial), set).ttl;
    expect(ttls(withLast(0))).toBe(2 * hour);
    expect(ttls(withLast(1800))).toBe(2 * hour - 1800);
    expect(ttls(withLast(1801))).toBe(2 * hour);
    expect(ttls(withLast(77))).toBe(ttls(withLast(77)));
  });
});
