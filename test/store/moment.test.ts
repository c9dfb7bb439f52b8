import { expect, it } from 'vitest';
import { Moment } from '#store/moment.ts';

it('a moment of a tree asks once for its head and for each tile, and keeps no more than a few', async () => {
  const asked: string[] = [];
  let size = 1_000;
  const moment = new Moment({
    head: async () => {
      asked.push('head');
      return { size: size++, root: new Uint8Array(32), time: 0 };
    },
    entries: () => [],
    tile: async (level, n) => {
      asked.push(`${level}/${n}`);
      return Buffer.from(`${level}/${n}`);
    },
  });
  const [tile, again] = await Promise.all([moment.tile(0, 3), moment.tile(0, 3)]);
  expect([tile, again].map(String)).toEqual(['0/3', '0/3']);
  expect((await moment.head()).size).toBe(1_000);
  expect(asked).toEqual(['head', '0/3']);

  for (let round = 0; round < 2; round++)
    for (let n = 0; n < 100; n++) expect(`${await moment.tile(1, n)}`).toBe(`1/${n}`);
  expect(asked).toHaveLength(2 + 63 + 2 * 37);
});
