import 'reflect-metadata'; // what @peculiar/x509 asks of its users
import { KeyUsageFlags } from '@peculiar/x509';
import { beforeAll, expect, it } from 'vitest';
import { type Keyed, makeRoot } from '#test/doors/istio/pki.ts';
import { describeWith } from '#test/oracles.ts';
import { type Answer, certify, type Wish } from './played-issuer.ts';
import type { Outcome } from './player.ts';
import { playRig, type Rig } from './rig.ts';

const { cRLSign, digitalSignature, keyCertSign, keyEncipherment } = KeyUsageFlags;
const issued = [{ type: 'Ready', status: 'True', reason: 'Issued' }];

describeWith(['control-plane', 'set:cert-manager', 'go:spireupstream'], 'the player of SPIRE itself', (path) => {
  let rig: Rig;
  let other: Keyed;

  beforeAll(async () => {
    rig = await playRig(path('go:spireupstream'));
    other = await makeRoot('Other');
  });

  async function given(wish: Wish, more: Answer = {}, order = rig.order()): Promise<Outcome> {
    const { outcome } = await rig.play(order, async (request) => ({
      certificate: await certify(rig.above, request, wish),
      ca: rig.above.pem,
      conditions: issued,
      ...more,
    }));
    return outcome;
  }

  const accepted: readonly (readonly [string, Wish])[] = [
    ['keyCertSign alone', { keyUsage: keyCertSign }],
    ['digitalSignature too', { keyUsage: keyCertSign | cRLSign | digitalSignature }],
    ['no URI', { uris: [] }],
  ];
  it.each(accepted)('takes a CA with %s', async (_, wish) => {
    expect(await given(wish)).toMatchObject({ stage: 'done', error: '', verified: [3] });
  });

  const refused: readonly (readonly [string, Wish, RegExp])[] = [
    ['a leaf', { basicConstraints: 'leaf', keyUsage: digitalSignature }, /is no CA/],
    ['no basicConstraints', { basicConstraints: 'none' }, /no valid basicConstraints/],
    ['a CA without keyCertSign', { keyUsage: cRLSign }, /no keyCertSign/],
    ['a CA with keyEncipherment', { keyUsage: keyCertSign | keyEncipherment }, /has more than/],
    ['two URIs', { uris: ['spiffe://one.example', 'spiffe://two.example'] }, /2 URIs/],
    ['the URI of somebody else', { uris: ['spiffe://else.example'] }, /its URI is spiffe:\/\/else\.example/],
    ['a CA of tomorrow', { notBefore: 86_400, notAfter: 2 * 86_400 }, /not valid until/],
    ['a CA of yesterday', { notBefore: -2 * 86_400, notAfter: -86_400 }, /expired/],
    ['a CA for another key', { foreignKey: true }, /signs nothing: .*PrivateKey/],
  ];
  it.each(refused)('notices %s', async (_, wish, complaint) => {
    expect(await given(wish)).toMatchObject({ stage: 'authority', error: expect.stringMatching(complaint) });
  });

  it('notices a chain that does not end in status.ca', async () => {
    expect(await given({}, { ca: other.pem })).toMatchObject({
      stage: 'authority',
      error: expect.stringMatching(/an SVID below it: .*unknown authority/),
    });
  });

  it('notices a CA that may not name its own trust domain', async () => {
    const order = rig.order();
    expect(await given({ excluded: order.trustDomain }, {}, order)).toMatchObject({
      stage: 'authority',
      error: expect.stringMatching(/an SVID below it: .*excluded by constraint/),
    });
  });

  const publicKey = '-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n';
  const unreadable: readonly (readonly [string, Answer, RegExp])[] = [
    ['a status.certificate that is no PEM', { certificate: 'none' }, /^status\.certificate: it is no PEM/],
    ['a block that is no certificate', { certificate: publicKey }, /^status\.certificate: a block .* PUBLIC KEY/],
    ['no status.ca', { ca: '' }, /^status\.ca is empty/],
    ['a status.ca that is no PEM', { ca: 'none' }, /^status\.ca: it is no PEM/],
  ];
  it.each(unreadable)('notices %s', async (_, answer, complaint) => {
    expect(await given({}, answer)).toMatchObject({ stage: 'answer', error: expect.stringMatching(complaint) });
  });

  it('K-82: two roots in status.ca are both in the bundle, and one that is there twice is there once', async () => {
    const bundled = (ca: string, roots: number) => given({}, { ca }, rig.order({ roots }));
    const two = await bundled(rig.above.pem + other.pem, 2);
    expect(two).toMatchObject({ stage: 'done', error: '' });
    expect(new Set(two.roots).size).toBe(2);
    expect(await bundled(rig.above.pem + rig.above.pem, 1)).toMatchObject({ stage: 'done', roots: [two.roots[0]] });
    expect(await bundled(rig.above.pem, 2)).toMatchObject({ stage: 'bundle', error: 'roots in the bundle: 1, not 2' });
  });

  const depths: readonly (readonly [string, Wish, number, RegExp])[] = [
    ['no path length', {}, -1, /^$/],
    ['path length 1', { pathLength: 1 }, 1, /^$/],
    ['path length 0', { pathLength: 0 }, 0, /too many intermediates/],
  ];
  it.each(depths)('says whether a nested SPIRE works below a CA of %s', async (_, wish, pathLen, said) => {
    const outcome = await given(wish);
    expect(outcome).toMatchObject({ stage: 'done', nested: expect.stringMatching(said) });
    expect(outcome.authority?.pathLen).toBe(pathLen);
  });
});
