import { expect, it } from 'vitest';
import { type Grown, Growth, GrowthLooks } from '#server/exports/growth.ts';

/** A log, looked at four times a second, and the thread that is told of it. */
function followed(size: number) {
  const log = { size, publishedSize: size };
  const looks = new GrowthLooks(log, 0);
  const growth = new Growth();
  let now = 0;
  return {
    looks,
    /** Adds records for a look of so many ms. */
    add(records: number, ms = 250): Grown | undefined {
      now += ms;
      log.size += records;
      const grown = looks.look(now);
      if (grown !== undefined) growth.heard(grown, now);
      return grown;
    },
    waits: (later = 0) => growth.givesWay(1_000, now + later),
  };
}

it('exports wait from the first look at a burst on, however long nothing came before it and before it is published', () => {
  const { add, waits } = followed(1_000_000);
  expect(waits()).toBe(false);
  for (let look = 0; look < 40; look++) add(0);
  add(100);
  expect(waits()).toBe(false);
  add(200);
  expect(waits()).toBe(true);
});

it('exports wait while the log grows quickly, and not for ever after its last record', () => {
  const { add, waits } = followed(1_000_000);
  add(300);
  expect(waits()).toBe(true);
  expect(waits(550)).toBe(true);
  expect(waits(650)).toBe(false);
});

it('a log that stands still is no news, but to somebody who was told nothing', () => {
  const { looks, add } = followed(10);
  expect(add(0)).toMatchObject({ published: 10, entries: 0 });
  expect(add(0)).toBeUndefined();
  looks.beginAnew();
  expect(add(0)).toMatchObject({ published: 10, entries: 0 });
  expect(add(1)).toMatchObject({ published: 10, entries: 1, ms: 250 });
});
