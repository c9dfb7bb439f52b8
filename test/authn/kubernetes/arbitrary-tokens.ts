import fc from 'fast-check';

/** What a token's maker may vary: each claim right most of the time, and else off by something. */
export interface TokenPlan {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly kubernetes: Readonly<Record<string, unknown>>;
  readonly header: Readonly<Record<string, unknown>>;
  /** A change of one character at this place. */
  readonly change: readonly [number, string] | undefined;
}

export interface Truth {
  readonly issuer: string;
  /** Seconds since the epoch. */
  readonly now: number;
  readonly uids: readonly { readonly name: string; readonly uid: string }[];
}

/** Nothing here is within seconds of an end of validity: a real API server's clock goes on. */
export function tokenPlans({ issuer, now, uids }: Truth): fc.Arbitrary<TokenPlan> {
  const odd = fc.constantFrom<unknown>(null, 1, 'x', '', true, [], {}, { name: 'web' }, { name: 'web', uid: '' });
  const named = fc.oneof(
    fc.constantFrom<unknown>(...uids),
    fc.record({ name: fc.constantFrom('web', 'web-1', 'nobody'), uid: fc.constantFrom('0', 'unknown') }),
  );
  /** Left out, so that the right one stays; or another. */
  const rarely = (other: fc.Arbitrary<unknown>, weight = 20) =>
    fc.oneof({ weight, arbitrary: fc.constant('right') }, { weight: 1, arbitrary: other });
  const time = (...offsets: readonly number[]) =>
    fc.oneof(
      fc.constantFrom<unknown>(...offsets.map((offset) => now + offset)),
      fc.constantFrom<unknown>(undefined, null, 'x', -1),
    );
  const without = fc.constant(undefined);
  return fc
    .record({
      iss: rarely(fc.constantFrom<unknown>('https://other.example', `${issuer}/`, '', 5, undefined)),
      aud: rarely(
        fc.constantFrom<unknown>(
          'istio-ca',
          ['x'],
          [],
          ['x', 'istio-ca'],
          undefined,
          ['istio-ca', 'istio-ca'],
          { a: 1 },
          [1],
        ),
        6,
      ),
      sub: rarely(
        fc.constantFrom<unknown>('system:serviceaccount:demo:db', 'system:serviceaccount:demo:web:x', '', undefined, 7),
      ),
      exp: rarely(time(-3600, -90, -30, 30, 600)),
      nbf: rarely(time(-3600, -90, 30, 90, 600)),
      iat: rarely(time(-3600, -90, 30, 90, 600)),
      jti: rarely(fc.constantFrom<unknown>(undefined, 'x'.repeat(300))),
      namespace: rarely(fc.constantFrom<unknown>('other', '', 'demo/x', undefined, 3)),
      serviceaccount: rarely(fc.oneof(named, odd, without)),
      pod: rarely(fc.oneof(named, odd, without), 5),
      node: rarely(fc.oneof(without, odd), 5),
      secret: rarely(fc.oneof(named, odd)),
      warnafter: rarely(fc.constant(now + 100)),
      kid: rarely(fc.constantFrom<unknown>('unknown', '', undefined)),
      alg: rarely(fc.constantFrom<unknown>('none', 'HS256', 'RS512', 'PS256', 'ES256', 'RS256', '', 1)),
      change: fc.oneof(
        { weight: 12, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.tuple(fc.nat(), fc.constantFrom('A', '_', '.', '', 'z')) },
      ),
    })
    .map(({ namespace, serviceaccount, pod, node, secret, warnafter, kid, alg, change, ...claims }) => ({
      claims: given(claims),
      kubernetes: given({ namespace, serviceaccount, pod, node, secret, warnafter }),
      header: given({ kid, alg }),
      change,
    }));
}

/** Those that are not to stay as they are. */
function given(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== 'right'));
}

export function changed(token: string, change: TokenPlan['change']): string {
  if (change === undefined) return token;
  const at = change[0] % token.length;
  return token.slice(0, at) + change[1] + token.slice(at + 1);
}
