import { describe, expect, it } from 'vitest';
import { Refusal } from '#refusal/refusal.ts';
import { describeWith } from '#test/oracles.ts';
import { type CsrChecks, VerifiedCsr } from '#x509/csr/verified-csr.ts';
import { KeyStrength } from '#x509/keys/key-strength.ts';
import { readPem, toPem } from '#x509/pem.ts';
import {
  buildCsr,
  challengePassword,
  commonName,
  dns,
  email,
  extendedKeyUsage,
  extensionRequest,
  ip,
  keyUsage,
  san,
  uri,
} from '../x509/csr/build.ts';
import { validCases } from '../x509/csr/tables.ts';
import { Dice, mutateOctets, mutateText, mutateTree } from './mutate.ts';
import { type Accepted, disputedByGo, namesOf, refusedByOpenssl } from './others-opinion.ts';
import { resigned, seed } from './resigned.ts';

/** `COUNTERSIGN_FUZZ_MUTANTS` makes a longer run. */
const mutants = Number(process.env.COUNTERSIGN_FUZZ_MUTANTS ?? 100_000);
const checks: CsrChecks = { keyStrength: new KeyStrength(), ownKeys: new Set() };
const label = ['CERTIFICATE REQUEST'];

const factsOf = (csr: VerifiedCsr) =>
  JSON.stringify([
    csr.key.spkiSha256,
    csr.signature,
    csr.sans,
    csr.keyUsage,
    csr.extendedKeyUsage,
    csr.extensionOids,
    csr.subject.commonName,
  ]);

/** The facts of an accepted request, or the code of its refusal; anything else is thrown. */
async function verdictOf(pem: string): Promise<{ readonly facts: string } | { readonly code: string }> {
  try {
    return { facts: factsOf(await VerifiedCsr.read(pem, checks, { on: 'loop' })) };
  } catch (thrown) {
    if (thrown instanceof Refusal && thrown.code !== 'internal') return { code: thrown.code };
    throw new Error(`an untyped error for\n${pem}`, { cause: thrown });
  }
}

describe('P-33: mutants of good requests', () => {
  const names = [
    'Istio 63: RSA-2048',
    'RSA-3072 with rsa-pss-sha256',
    'Istio 63: P-256',
    'Istio 63: P-384',
    'Ed25519',
    'all four kinds',
    'a challengePassword beside an extensionRequest',
  ];
  const good = validCases
    .filter(({ name }) => names.includes(name))
    .map(({ pem }) => ({ pem, der: readPem(pem, label) }));

  it(`${mutants} of seven requests are refused by name, or mean what the original means`, async () => {
    expect(good.length).toBe(names.length);
    const meanings = await Promise.all(good.map(({ pem }) => verdictOf(pem)));
    const dice = new Dice(seed);
    const codes = new Map<string, number>();
    for (let i = 0; i < mutants; i++) {
      const which = i % good.length;
      const { pem, der } = good[which] ?? { pem: '', der: new Uint8Array(0) };
      const mutant = mutantOf(pem, der, dice);
      const verdict = await verdictOf(mutant);
      if ('facts' in verdict) expect([verdict, mutant]).toEqual([meanings[which], mutant]);
      const code = 'code' in verdict ? verdict.code : 'accepted';
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    // The mutants reached every depth of the reader, or this test shows nothing.
    for (const code of [
      'csr.pem',
      'csr.malformed',
      'csr.algorithm',
      'csr.signature',
      'csr.extension',
      'csr.san',
      'key.malformed',
    ]) {
      expect(codes.get(code) ?? 0, code).toBeGreaterThan(mutants / 2000);
    }
  }, 600_000);

  function mutantOf(pem: string, der: Uint8Array, dice: Dice): string {
    const kind = dice.below(10);
    if (kind === 0) return mutateText(pem, dice);
    return toPem('CERTIFICATE REQUEST', kind < 5 ? mutateOctets(der, dice) : mutateTree(der, dice));
  }
});

/** Good requests of one P-256 key. */
const bodies = () => [
  buildCsr(),
  buildCsr({
    subject: commonName('web'),
    extensions: [san(uri('spiffe://td/a'), dns('a.example'), ip(10, 0, 0, 1), email('a@b'))],
  }),
  buildCsr({ extensions: [san(dns('*.a.example')), keyUsage(5), extendedKeyUsage('1.3.6.1.5.5.7.3.1')] }),
  buildCsr({ attributes: [challengePassword(), extensionRequest([san(uri('spiffe://td/a'))])] }),
];

describeWith(['go:csrcheck', 'openssl'], 'requests that we accept, judged by others', (path) => {
  const ours = async () => {
    const accepted: Accepted[] = [];
    for (const der of [
      ...resigned(bodies(), 6000),
      ...validCases.filter(({ name }) => !name.includes('ML-DSA')).map(({ pem }) => readPem(pem, label)),
    ]) {
      const csr = await VerifiedCsr.read(toPem('CERTIFICATE REQUEST', der), checks, { on: 'loop' }).catch(
        () => undefined,
      );
      if (csr !== undefined) accepted.push({ der, names: namesOf(csr) });
    }
    return accepted;
  };

  it('Go accepts them and reads the same names', async () => {
    const accepted = await ours();
    expect(accepted.length).toBeGreaterThan(200);
    expect(disputedByGo(path('go:csrcheck'), accepted)).toEqual([]);
  }, 120_000);

  it('OpenSSL accepts them', async () => {
    expect(refusedByOpenssl(path('openssl'), await ours())).toEqual([]);
  }, 120_000);
});
