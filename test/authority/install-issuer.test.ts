import { webcrypto } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { IssuerError, installIssuer } from '#authority/install-issuer.ts';
import { SoftwareSigner } from '#keys/software/signer.ts';
import {
  type Authority,
  badIssuers,
  ca,
  constraints,
  enterpriseRoot,
  issue,
  newKey,
  pemOf,
  policyCa,
  type Variation,
} from '#test/ceremony/enterprise.ts';

const places = { chain: 'certificate (/etc/mesh.pem)', roots: 'roots (/etc/roots.pem)' };

describe('an issuer whose chain stands in the configuration', () => {
  const held = {} as { root: Authority; signer: SoftwareSigner; key: CryptoKey };

  beforeAll(async () => {
    const signer = await SoftwareSigner.generate('ec:P-256');
    const usage = { name: 'ECDSA', namedCurve: 'P-256' };
    const key = await webcrypto.subtle.importKey('spki', Buffer.from(signer.spki), usage, true, ['verify']);
    Object.assign(held, { root: await enterpriseRoot(), signer, key });
  });

  const certified = async (issuer: Authority, variation: Variation = {}) =>
    `${(await issue(issuer, 'CN=Mesh CA', variation.publicKey ?? held.key, variation)).toString('pem')}\n`;
  const install = (chain: string, roots = pemOf(held.root)) =>
    installIssuer(
      { name: 'mesh', chain, roots, places, trustDomain: 'cluster.local', signer: held.signer, keyKind: 'ec:P-256' },
      Date.now() / 1000,
    );
  const refusal = (chain: string, roots?: string) => {
    try {
      install(chain, roots);
    } catch (thrown) {
      if (thrown instanceof IssuerError) return thrown.message;
      throw thrown;
    }
    return 'taken';
  };

  it.each(badIssuers)('P-17: is not live where its certificate %s', async (_, sentence, variation) => {
    const message = refusal(await certified(held.root, variation));
    expect(message).toMatch(sentence);
    expect(message).toMatch(/^issuer mesh: certificate \(\/etc\/mesh\.pem\), under roots \(\/etc\/roots\.pem\): /);
  });

  it('P-17: is not live under a CA that may have none below it', async () => {
    const policy = await policyCa(held.root, 0);
    expect(refusal((await certified(policy)) + pemOf(policy))).toMatch(/Policy CA.*at most 0 intermediates may follow/);
  });

  it('is not live with the certificate of another key, without its CA, or under another root', async () => {
    const policy = await policyCa(held.root);
    expect(refusal(await certified(held.root, { publicKey: await newKey() }))).toMatch(/is for our key/);
    expect(refusal(await certified(policy))).toMatch(/no certificate of its issuer is at hand: .*Policy CA/);
    expect(refusal(await certified(held.root), pemOf(await enterpriseRoot()))).toMatch(/not by the key of its issuer/);
    expect(refusal(pemOf(held.root))).toMatch(/is for our key/);
  });

  it('is not live where a file is no PEM, and the message names that file alone', async () => {
    expect(refusal(await certified(held.root), 'see attachment')).toMatch(
      /^issuer mesh: roots \(\/etc\/roots\.pem\): the roots cannot be read: .*line 1/,
    );
    expect(refusal('see attachment')).toMatch(/^issuer mesh: certificate .*: the chain cannot be read: .*line 1/);
  });

  it('is not live with a certificate in the file that leads nowhere', async () => {
    const stranger = await policyCa(await enterpriseRoot('CN=Another'));
    expect(refusal((await certified(held.root)) + pemOf(stranger))).toMatch(/Policy CA.*: it is on no way to a root/);
  });

  it('is live with its chain in any order; clients get it issuer first, without the root', async () => {
    const policy = await policyCa(held.root);
    const own = await certified(policy);
    const { live, warnings } = install(pemOf(held.root) + pemOf(policy) + own);
    expect(warnings).toEqual([]);
    expect(live.intermediates.map(flat)).toEqual([own, pemOf(policy)].map(flat));
    expect(flat(live.roots)).toBe(flat(pemOf(held.root)));
  });

  it('says how many CAs may follow it, each bound above it counted', async () => {
    const room = async (policyLength?: number, ownLength?: number) => {
      const policy = await policyCa(held.root, policyLength);
      const own = await certified(policy, { basicConstraints: ca(ownLength) });
      return install(own + pemOf(policy)).live.facts.pathLength;
    };
    expect([await room(), await room(3), await room(undefined, 2)]).toEqual([undefined, 2, 2]);
    expect([await room(3, 0), await room(1, 5), await room(3, 5)]).toEqual([0, 0, 2]);
    expect(install(await certified(held.root)).live.facts.pathLength).toBe(0);
  });

  it('hands on what an old root says of the new one, for clients that have the old one alone', async () => {
    const old = await enterpriseRoot('CN=Old root');
    const { publicKey } = held.root.keys;
    const subject = held.root.certificate.subject;
    const cross = await issue(old, subject, publicKey, { basicConstraints: ca(), uris: [] });
    const own = await certified(held.root);
    const { live } = install(`${own}${cross.toString('pem')}\n`, pemOf(held.root) + pemOf(old));
    expect(live.intermediates.map(flat)).toEqual([own, cross.toString('pem')].map(flat));
  });

  it('P-10: is live under URI name constraints that leave room for our names, and the operator is told of ztunnel', async () => {
    const { warnings } = install(await certified(held.root, { extra: [constraints(6, 'cluster.local')] }));
    expect(warnings.join()).toMatch(/constrains URIs, and ztunnel \(ambient\) refuses every chain/);
  });
});

const flat = (pem: string) => pem.replaceAll(/\s/g, '');
