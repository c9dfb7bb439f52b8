import { describe, expect, it } from 'vitest';
import { installIssuer } from '#authority/install-issuer.ts';
import { LiveIssuers } from '#authority/issuers.ts';
import { withRoots } from '#authority/roots.ts';
import { SoftwareSigner } from '#keys/software/signer.ts';
import { type TestAuthority, testAuthority } from '#test/support/software-ca.ts';

const now = Date.now() / 1000;
const [first, second, third] = ['First', 'Second', 'Third'].map((name) =>
  testAuthority({ commonName: `${name} root` }),
);
if (first === undefined || second === undefined || third === undefined) throw new Error('three were asked for');

function issuer(name: string, root: TestAuthority, roots: string) {
  const authority = testAuthority({ commonName: name, issuer: root, trustDomain: 'cluster.local' });
  const material = {
    name,
    roots,
    chain: authority.pem,
    places: { chain: 'chain', roots: 'roots' },
    trustDomain: 'cluster.local',
    signer: new SoftwareSigner(authority.key),
    keyKind: 'ec:P-256',
  } as const;
  return installIssuer(material, now).live;
}

describe('live issuers under several roots', () => {
  const one = issuer('one', first, first.pem + second.pem);
  const two = issuer('two', second, second.pem + third.pem + second.pem);
  const all = first.pem + second.pem + third.pem;

  it('Istio 84, 86: every one hands out the roots of all, each once and always in the same order', () => {
    const live = new LiveIssuers([one, two], 'one');
    expect(live.roots()).toBe(all);
    expect(live.all().map(({ roots }) => roots)).toEqual([all, all]);
    expect(live.get('two').roots).toBe(live.get(undefined).roots);
  });

  it('Istio 84: a successor with other roots changes the bundle of all at once, and listeners hear of it once', () => {
    const live = new LiveIssuers([one, two], 'one');
    let heard = 0;
    live.onChange(() => {
      heard += 1;
    });
    const successors = [withRoots(live.get('one'), first.pem, now), withRoots(live.get('two'), second.pem, now)];
    expect(live.rootsWith(...successors)).toBe(first.pem + second.pem);
    expect(live.roots()).toBe(all);
    live.replace(...successors);
    expect(live.all().map(({ roots }) => roots)).toEqual([first.pem + second.pem, first.pem + second.pem]);
    expect(heard).toBe(2);
  });

  it('nothing is replaced where one of them is unknown', () => {
    const live = new LiveIssuers([one], 'one');
    expect(() => live.replace(withRoots(one, first.pem, now), two)).toThrow(/no issuer two/);
    expect(live.roots()).toBe(first.pem + second.pem);
  });
});
