import { describe, expect, it } from 'vitest';
import { LiveIssuers } from '#authority/issuers.ts';
import { relayIssuer } from '#authority/relay-issuer.ts';
import type { RefusalCode } from '#refusal/refusal.ts';
import { Refusal } from '#refusal/refusal.ts';
import { RootDoubts } from '#server/root-doubts.ts';
import { OutsideCa } from '#test/issuance/outside/outside-ca.ts';
import { intermediateOf, Rig, root, SetClock } from '#test/issuance/rig.ts';

const clock = new SetClock();
const material = { name: 'mesh', outside: new OutsideCa(intermediateOf('ec:P-256'), clock) };
const naming = relayIssuer(material, clock.now() / 1000);
const known = relayIssuer({ ...material, roots: { pem: root.pem, place: 'roots' } }, clock.now() / 1000);

/** How often a renewal was asked for after each of these ends. */
function renewals(issuer: LiveIssuers, ends: readonly (readonly [code: RefusalCode | 'issued', field?: string])[]) {
  const now = new SetClock();
  const doubts = new RootDoubts(issuer, () => now.now());
  let count = 0;
  doubts.follow(() => count++);
  return ends.map(([code, field]) => {
    now.advance(10_000);
    const detail = field === undefined ? {} : { field };
    const refusal = code === 'issued' ? {} : { refusal: new Refusal(code, 'so it ended', detail) };
    const rig = Rig.of().request();
    doubts.ended(rig, { startedAt: 0, totalMs: 0, stageMs: new Float64Array(6), ...refusal });
    return count;
  });
}

describe('a chain that does not end in the roots an issuer named', () => {
  const chain = ['profile.lint', 'chain'] as const;

  it('has our own certificate renewed at once, and not again within half a minute', () => {
    const issuers = new LiveIssuers([naming], 'mesh');
    expect(renewals(issuers, [['issued'], chain, chain, chain, chain, chain])).toEqual([0, 1, 1, 1, 2, 2]);
  });

  it('says nothing where another field is wrong, or the issuer said no', () => {
    const issuers = new LiveIssuers([naming], 'mesh');
    expect(
      renewals(issuers, [['profile.lint', 'subjectAltName'], ['issuer.denied'], ['issuer.expired', 'notAfter']]),
    ).toEqual([0, 0, 0]);
  });

  it('says nothing where the roots are in a file of ours, or the key is', () => {
    expect(renewals(new LiveIssuers([known], 'mesh'), [chain])).toEqual([0]);
    expect(renewals(new LiveIssuers([Rig.of().issuer], 'mesh'), [chain])).toEqual([0]);
  });
});
