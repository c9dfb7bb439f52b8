import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddCheckpoint, parseAddCheckpoint, parseSize } from '#audit/add-checkpoint.ts';
import { Malformed } from '#audit/malformed.ts';
import { parseSignatures } from '#audit/note.ts';
import { Dice, mutateOctets } from '#test/fuzz/mutate.ts';

const hash = () => fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('what is asked of a witness', () => {
  it('A-19: reads as it was written', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.array(hash(), { maxLength: 63 }), fc.string(), (old, proof, checkpoint) => {
        const read = parseAddCheckpoint(formatAddCheckpoint({ old, proof, checkpoint }));
        expect(read).toMatchObject({ old, checkpoint });
        expect(read.proof.map((each) => Buffer.from(each).toString('hex'))).toEqual(
          proof.map((each) => Buffer.from(each).toString('hex')),
        );
      }),
    );
  });

  const line = `${Buffer.alloc(32, 1).toString('base64')}\n`;
  it.each([
    ['nothing', ''],
    ['no old size', '\n\nx'],
    ['a leading zero', 'old 01\n\nx'],
    ['a sign', 'old -1\n\nx'],
    ['more than a word', 'old 1 \n\nx'],
    ['a size past 2^53', 'old 9007199254740993\n\nx'],
    ['a hash cut short', 'old 1\nAAAA\n\nx'],
    ['a hash that is no base64', `old 1\n${line.replace('=', '!')}\nx`],
    ['64 hashes', `old 1\n${line.repeat(64)}\nx`],
    ['no empty line', `old 1\n${line}x`],
    ['carriage returns', 'old 1\r\n\r\nx'],
  ])('A-19: is refused with %s', (_, text) => {
    expect(() => parseAddCheckpoint(text)).toThrow(Malformed);
  });

  it.each(['', '1', '01\n', '1\n\n', ' 1\n', '1e3\n', '9007199254740993\n'])('A-19: %j is no size', (text) => {
    expect(() => parseSize(text)).toThrow(Malformed);
  });

  it('A-19: 20,000 mutants of a request and of an answer give a result or Malformed, never another error', () => {
    const dice = new Dice(20_261_122);
    const request = Buffer.from(`old 5\n${line.repeat(3)}\nlog\n7\n${line}\n\u2014 log AAAAAAAA\n`);
    const answer = Buffer.from('\u2014 w.example/one AAAAAAAAAAAA\n\u2014 w.example/two BBBBBBBB\n');
    for (let n = 0; n < 10_000; n++) {
      for (const parse of [
        () => parseAddCheckpoint(Buffer.from(mutateOctets(request, dice)).toString('utf8')),
        () => parseSignatures(mutateOctets(answer, dice)),
      ])
        try {
          parse();
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(Malformed);
        }
    }
  });
});
