import { describe, expect, it } from 'vitest';
import { IssuerError } from '#authority/install-issuer.ts';
import { LiveIssuers } from '#authority/issuers.ts';
import { relayIssuer } from '#authority/relay-issuer.ts';
import { RootsError, withRoots } from '#authority/roots.ts';
import { OutsideCa } from '#test/issuance/outside/outside-ca.ts';
import { intermediateOf, Rig, root, SetClock } from '#test/issuance/rig.ts';
import { testAuthority } from '#test/support/software-ca.ts';

const now = new SetClock().now() / 1000;
const day = 86_400;
const outside = new OutsideCa(intermediateOf('ec:P-256'), new SetClock());
const second = testAuthority({ commonName: 'Second root', notBefore: now - 5 * day, notAfter: now + 90 * day });
const ended = testAuthority({ commonName: 'Ended root', notBefore: now - 90 * day, notAfter: now - 5 * day });
const relayed = (pem: string, name = 'mesh') =>
  relayIssuer({ name, outside, roots: { pem, place: 'roots (/etc/roots.pem)' } }, now);

describe('an outside issuer taken into service', () => {
  it('Istio 84: trusts every root of its file, in their order, each once', () => {
    const issuer = relayed(root.pem + second.pem + root.pem);
    expect(issuer.roots).toBe(root.pem + second.pem);
    expect(issuer.trusted).toHaveLength(3);
    expect(issuer.rootsFrom).toBe('file');
  });

  it('is valid as long as any of its roots is, since nobody knows its own certificate yet', () => {
    expect(relayed(root.pem + second.pem).facts).toEqual({
      name: 'mesh',
      notBefore: now - 5 * day,
      notAfter: now + 90 * day,
    });
    expect(relayed(second.pem + ended.pem).facts.notBefore).toBe(now - 5 * day);
  });

  it('without roots waits for those that it names, and has no bounds of its own', () => {
    const issuer = relayIssuer({ name: 'mesh', outside }, now);
    expect(issuer).toMatchObject({ rootsFrom: 'issuer', roots: '', trusted: [], facts: { notBefore: 0 } });
    expect(new LiveIssuers([issuer], 'mesh').roots()).toBe('');
  });

  const wrong: readonly (readonly [name: string, pem: string, why: string])[] = [
    ['no PEM', 'roots', 'cannot be read'],
    ['a request', Rig.of().request().csr, 'cannot be read'],
    ['only a root that has ended', ended.pem, 'none of them is valid now'],
  ];
  it.each(wrong)('is refused with %s as its roots, by the place and the reason', (_, pem, why) => {
    const take = () => relayed(pem);
    expect(take).toThrow(IssuerError);
    expect(take).toThrow(`issuer mesh: roots (/etc/roots.pem): `);
    expect(take).toThrow(why);
  });

  it('is refused with a leaf among its roots', async () => {
    const end = await Rig.of().ask();
    if (!('issued' in end)) throw end.refusal;
    expect(() => relayed(root.pem + end.issued.facts.leaf)).toThrow('is no CA certificate');
  });
});

describe('a bundle that takes the place of another', () => {
  it('Istio 99: is taken by a relayed issuer whole, with what it trusts', () => {
    const issuer = withRoots(relayed(root.pem), second.pem, now);
    expect(issuer).toMatchObject({ way: 'relay', outside, rootsFrom: 'file', roots: second.pem });
    expect(issuer.trusted.map(({ subjectText }) => subjectText)).toEqual(['CN=Second root']);
    expect(() => withRoots(issuer, ended.pem, now)).toThrow(RootsError);
  });

  it('Istio 82, 86: stands in every issuer’s answer beside those of the others, and whoever distributes hears of it', () => {
    const { issuer: own } = Rig.of();
    const other = relayed(second.pem, 'other');
    const live = new LiveIssuers([{ ...own, name: 'own' }, other], 'own');
    let heard = 0;
    live.onChange(() => heard++);
    expect([live.roots(), live.get('other').roots]).toEqual([root.pem + second.pem, root.pem + second.pem]);
    live.replace(withRoots(other, root.pem, now));
    expect([live.roots(), live.get('own').roots, heard]).toEqual([root.pem, root.pem, 2]);
    // What is trusted for its answers is its own alone.
    const { way, ...rest } = live.get('other');
    expect([way, 'trusted' in rest && rest.trusted.length]).toEqual(['relay', 1]);
  });
});
