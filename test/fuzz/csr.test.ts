import { execFileSync, spawnSync } from 'node:child_process';
import { sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Refusal } from '#refusal/refusal.ts';
import { describeWith } from '#test/oracles.ts';
import { algorithmIdentifier } from '#x509/algorithm-identifiers.ts';
import { type CsrChecks, VerifiedCsr } from '#x509/csr/verified-csr.ts';
import { DerReader } from '#x509/der/reader.ts';
import { bitString, sequence } from '#x509/der/writer.ts';
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
  standardKey,
  uri,
} from '../x509/csr/build.ts';
import { validCases } from '../x509/csr/tables.ts';
import { Dice, mutateOctets, mutateText, mutateTree } from './mutate.ts';

/** `COUNTERSIGN_FUZZ_MUTANTS` and `COUNTERSIGN_FUZZ_SEED` make a longer run, or the same one again. */
const mutants = Number(process.env.COUNTERSIGN_FUZZ_MUTANTS ?? 100_000);
const seed = Number(process.env.COUNTERSIGN_FUZZ_SEED ?? 20261121);
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

/** Mutants of the signed part, signed again, so that only the reader stands between them and acceptance. */
function resigned(count: number): readonly Uint8Array[] {
  const key = standardKey();
  const bodies = [
    buildCsr(),
    buildCsr({
      subject: commonName('web'),
      extensions: [san(uri('spiffe://td/a'), dns('a.example'), ip(10, 0, 0, 1), email('a@b'))],
    }),
    buildCsr({ extensions: [san(dns('*.a.example')), keyUsage(5), extendedKeyUsage('1.3.6.1.5.5.7.3.1')] }),
    buildCsr({ attributes: [challengePassword(), extensionRequest([san(uri('spiffe://td/a'))])] }),
  ].map((der) => DerReader.over(der).sequence().element());
  const dice = new Dice(seed);
  return Array.from({ length: count }, (_, i) => {
    const info = mutateTree(bodies[i % bodies.length] ?? new Uint8Array(0), dice);
    return sequence(info, algorithmIdentifier(key.algorithm), bitString(sign('sha256', info, key.privateKey)));
  });
}

/** What Go refuses and we take, each for a reason. */
const goIsStricter: readonly RegExp[] = [
  // It wants a URL whose host is one in DNS; we compare the octets of a URI with the caller's identity.
  /^x509: cannot parse URI /,
];

const namesOf = ({ subject, sans }: VerifiedCsr) => [
  ...(subject.commonName ? [`cn:${subject.commonName}`] : []),
  ...sans.map(({ kind, value }) => `${kind}:${value}`),
];

describeWith(['go:csrcheck', 'openssl'], 'requests that we accept, judged by others', (path) => {
  const ours = async () => {
    const accepted: { readonly der: Uint8Array; readonly names: readonly string[] }[] = [];
    for (const der of [
      ...resigned(6000),
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
    const input = accepted.map(({ der }) => Buffer.from(der).toString('base64')).join('\n');
    const verdicts = execFileSync(path('go:csrcheck'), { input: `${input}\n`, encoding: 'utf8', maxBuffer: 1 << 26 })
      .trimEnd()
      .split('\n');
    expect(verdicts.length).toBe(accepted.length);
    const disputed = accepted.flatMap(({ der, names }, i) => {
      const [verdict, ...theirs] = (verdicts[i] ?? '').split('\t');
      const agreed =
        verdict === 'taken'
          ? theirs.toSorted().join() === names.toSorted().join()
          : goIsStricter.some((reason) => reason.test(theirs.join()));
      return agreed ? [] : [{ verdict: verdicts[i], names, der: Buffer.from(der).toString('base64') }];
    });
    expect(disputed).toEqual([]);
  }, 120_000);

  it('OpenSSL accepts them', async () => {
    const accepted = await ours();
    const step = Math.ceil(accepted.length / 300);
    const refused = accepted
      .filter((_, i) => i % step === 0)
      .map(({ der }) => {
        const { status, stderr } = spawnSync(path('openssl'), ['req', '-inform', 'DER', '-verify', '-noout'], {
          input: der,
          encoding: 'utf8',
        });
        return status === 0 ? '' : `${stderr} ${Buffer.from(der).toString('base64')}`;
      })
      .filter((each) => each !== '');
    expect(refused).toEqual([]);
  }, 120_000);
});
