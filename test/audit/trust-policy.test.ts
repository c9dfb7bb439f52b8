import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkpointText, softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { cosigner } from '#audit/cosignature.ts';
import { Malformed } from '#audit/malformed.ts';
import { demandQuorum, isMet } from '#audit/quorum.ts';
import { parseTrustPolicy } from '#audit/trust-policy.ts';
import { formatVkey, joinVkey, splitVkey } from '#audit/vkey.ts';
import { Dice, mutateOctets } from '#test/fuzz/mutate.ts';

const log = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example/a').vkey;
const cosigners = ['w1', 'w2', 'w3', 'w4', 'w5'].map((name) =>
  cosigner(`${name}.example`, generateKeyPairSync('ed25519').privateKey),
);
const [one = '', two = '', three = '', four = '', five = ''] = cosigners.map(({ vkey }) => vkey);
const mldsa = cosigner('pq.example', generateKeyPairSync('ml-dsa-44').privateKey).vkey;

const parse = (text: string) => parseTrustPolicy(Buffer.from(text));
const layered = `
# Two organisations.
log ${log}  https://log.example/a/

witness X1 ${one} https://w1.example/
\twitness X2 ${two}
witness X3 ${three}
group X-witnesses 2 X1 X2 X3
witness Y1 ${four}
witness Y2 ${five}
group Y-witnesses any Y1 Y2
group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
`;

describe('a trust policy', () => {
  it('names logs, witnesses and a quorum; URLs where there are some', () => {
    const { logs, witnesses } = parse(layered);
    expect(logs).toMatchObject([{ vkey: log, url: 'https://log.example/a/' }]);
    expect(witnesses.map(({ name, url }) => [name, url])).toEqual([
      ['X1', 'https://w1.example/'],
      ['X2', undefined],
      ['X3', undefined],
      ['Y1', undefined],
      ['Y2', undefined],
    ]);
  });

  it('its quorum is met by exactly those that its groups say', () => {
    const { witnesses, quorum } = parse(layered);
    fc.assert(
      fc.property(fc.subarray([...witnesses]), (some) => {
        const names = some.map(({ name }) => name);
        const xs = names.filter((name) => name.startsWith('X')).length;
        expect(isMet(quorum, new Set(some))).toBe(xs >= 2 && names.some((name) => name.startsWith('Y')));
      }),
    );
  });

  it('"none" asks for nobody, a name for one; ML-DSA-44 is a key like another', () => {
    expect(isMet(parse('quorum none\n').quorum, new Set())).toBe(true);
    const { witnesses, quorum } = parse(`witness me ${mldsa}\nquorum me`);
    expect(isMet(quorum, new Set())).toBe(false);
    expect(isMet(quorum, new Set(witnesses))).toBe(true);
  });

  it('a name may be anything without white space: names are octets to it', () => {
    const [witness] = parse(`witness Zürich-\u212a ${one}\nquorum Zürich-\u212a\n`).witnesses;
    expect(witness?.name).toBe('Zürich-\u212a');
    expect(() => parse(`witness K ${one}\nquorum \u212a\n`)).toThrow('line 2');
  });

  it('a checkpoint with too few, or with one that does not hold, is not believed', async () => {
    const policy = parse(`witness a ${one}\nwitness b ${two}\ngroup g all a b\nquorum g\n`);
    const text = checkpointText({ origin: 'log.example/a', size: 1, root: Buffer.alloc(32) });
    const [first, second] = await Promise.all(cosigners.map((each) => each.cosign(text, 1_795_000_000)));
    if (first === undefined || second === undefined) throw new Error('no cosignatures');
    const demand =
      (...signatures: readonly (typeof first)[]) =>
      () =>
        demandQuorum({ text, signatures }, policy.witnesses, policy.quorum);
    expect(demand(second, first)().size).toBe(2);
    expect(demand(first)).toThrow('cosigned by a alone, which is no quorum');
    expect(demand(first, first)).toThrow('alone');
    expect(demand()).toThrow('no witness that is known here');
    expect(demand(first, { ...second, signature: first.signature })).toThrow('does not hold');
  });

  const { material } = splitVkey(one);
  const renamed = joinVkey('other.example', 4, material);
  it.each([
    ['no quorum', `witness a ${one}\n`, 'no line "quorum NAME"'],
    ['two', `quorum none\nquorum none\n`, 'line 2: there is a quorum already'],
    ['a quorum of nobody that is known', `\nquorum x\n`, 'line 2: no line above names'],
    ['a quorum that comes later', `quorum a\nwitness a ${one}\n`, 'line 1: no line above'],
    ['a group of itself', `group g any g\nquorum g\n`, 'line 1: no line above'],
    ['nobody in a group', `group g any\nquorum none\n`, 'line 1: a group is written'],
    ['a group of none', `group g any none\nquorum none\n`, 'line 1: no line above'],
    ['a witness called none', `witness none ${one}\nquorum none\n`, 'line 1: "none" names nobody'],
    ['a name twice', `witness a ${one}\nwitness a ${two}\nquorum none\n`, 'line 2: "a" is named above already'],
    ['a key twice under other names', `witness a ${one}\nwitness b ${renamed}\nquorum none\n`, 'line 2: this key'],
    ['a log twice', `log ${log}\nlog ${log}\nquorum none\n`, "line 2: this key is another log's"],
    ['a member twice', `witness a ${one}\ngroup g any a\ngroup h any a\nquorum none\n`, 'line 3: "a" is a member'],
    ['a member twice in a line', `witness a ${one}\ngroup g 2 a a\nquorum none\n`, 'line 2: "a" is a member'],
    ['more than there are', `witness a ${one}\ngroup g 2 a\nquorum none\n`, 'line 2: "2" is none of all, any'],
    ['a threshold of 0', `witness a ${one}\ngroup g 0 a\nquorum none\n`, 'line 2: "0"'],
    ['a threshold that is no number', `witness a ${one}\ngroup g most a\nquorum none\n`, 'line 2: "most"'],
    ["a log's key as a witness", `witness a ${log}\nquorum none\n`, 'line 1: verifier key'],
    ["a witness's key as a log", `log ${one}\nquorum none\n`, 'line 1: verifier key'],
    ['a word that is none', `# x\nwitnes a ${one}\n`, 'line 2: "witnes" is none of'],
    ['a carriage return', `quorum none\r\n`, 'line 1: holds a control character'],
    ['too many words', `quorum none none\n`, 'line 1: the quorum is written'],
    ['a witness without a key', `witness a\nquorum none\n`, 'line 1: a witness is written'],
  ])('is refused with %s, by its line', (_, text, problem) => {
    expect(() => parse(text)).toThrow(Malformed);
    expect(() => parse(text)).toThrow(problem);
  });

  it('32 of each kind are no trouble; a file without end is', () => {
    const many = (kind: 'log' | 'witness', name: string) =>
      Array.from({ length: 32 }, (_, n) => {
        const { publicKey, privateKey } = generateKeyPairSync('ed25519');
        return kind === 'log'
          ? `log ${formatVkey(`${name}${n}`, publicKey)}`
          : `witness ${name}${n} ${cosigner(`${name}${n}`, privateKey).vkey}\ngroup g${n} all ${name}${n}`;
      }).join('\n');
    const text = `${many('log', 'l')}\n${many('witness', 'w')}\nquorum g31\n`;
    expect(parse(text).witnesses).toHaveLength(32);
    expect(() => parse('#'.repeat(1_000_001))).toThrow('longer than');
  });

  it('2,000 mutants give a policy or Malformed, never another error', () => {
    const dice = new Dice(20_261_122);
    const source = Buffer.from(layered);
    for (let n = 0; n < 2_000; n++)
      try {
        parseTrustPolicy(mutateOctets(source, dice));
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(Malformed);
      }
  });
});
