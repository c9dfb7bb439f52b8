import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ApiError } from '#kubernetes/api.ts';
import { LineSplitter } from '#kubernetes/line-splitter.ts';

const textOf = (lines: Iterable<Uint8Array>) => [...lines].map((line) => Buffer.from(line).toString('latin1'));

/** `bytes` cut at the given places. */
function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

const bytes = fc
  .array(
    fc.oneof({ weight: 3, arbitrary: fc.constant(10) }, { weight: 10, arbitrary: fc.integer({ min: 0, max: 255 }) }),
  )
  .map((octets) => Buffer.from(octets));

it('gives the same lines wherever the stream is cut, and they are the lines of the whole', () => {
  fc.assert(
    fc.property(bytes, fc.array(fc.nat()), (stream, cuts) => {
      const splitter = new LineSplitter(1_000_000);
      const lines = pieces(stream, cuts).flatMap((piece) => textOf(splitter.push(piece)));
      const [rest = '', ...whole] = stream.toString('latin1').split('\n').toReversed();
      expect(lines).toEqual(whole.toReversed().filter((line) => line !== ''));
      expect(splitter.pending).toBe(rest.length);
    }),
  );
});

it('refuses a line longer than the bound, however it arrives, and no other', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40 }), fc.array(fc.nat()), (length, cuts) => {
      const splitter = new LineSplitter(20);
      const stream = Buffer.concat([Buffer.alloc(length, 'x'), Buffer.from('\n')]);
      const read = () => pieces(stream, cuts).flatMap((piece) => textOf(splitter.push(piece)));
      if (length > 20) expect(read).toThrow(ApiError);
      else expect(read()).toEqual(length === 0 ? [] : ['x'.repeat(length)]);
    }),
  );
});
