import { describe, expect, it } from 'vitest';
import { accepted, retry } from '#sinks/driver.ts';
import type { News } from '#sinks/news.ts';
import { until } from '#test/kubernetes/fake-pace.ts';
import { KeptCursor, rig, ToldDriver } from './rig.ts';

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);
const told = (news: readonly News[]) => news.filter(({ kind }) => kind !== 'standing');

describe('a delivery', () => {
  it('A-28: brings every covered entry in order, in batches of bounded size, and not one beyond the checkpoint', async () => {
    const { delivery, driver, publish, at } = rig();
    publish(250);
    await at(250);
    publish(260);
    await at(260);
    await delivery.stop();
    expect(driver.taken).toEqual(numbers(0, 260));
    expect(driver.batches.map(({ from, to }) => [from, to])).toEqual([
      [0, 100],
      [100, 200],
      [200, 250],
      [250, 260],
    ]);
  });

  it('bounds a batch by octets too; a row that is longer than that goes alone', async () => {
    const { delivery, driver, publish, at } = rig({ batch: { maxRecords: 100, maxOctets: 1 } });
    publish(5);
    await at(5);
    await delivery.stop();
    expect(driver.batches.map(({ rows }) => rows.length)).toEqual([1, 1, 1, 1, 1]);
  });

  it('A-28: moves its cursor by acknowledgement alone: a successor sends again what was not acknowledged', async () => {
    const cursor = new KeptCursor();
    const first = rig({}, cursor);
    first.driver.answers.push(accepted, retry('reset'));
    first.publish(200);
    await until(() => first.driver.batches.length === 2);
    await first.delivery.stop();
    expect(cursor.place.next).toBe(100);
    const second = rig({}, cursor);
    second.publish(200);
    await second.at(200);
    await second.delivery.stop();
    expect([...first.driver.taken, ...second.driver.taken]).toEqual(numbers(0, 200));
  });

  it('waits longer after each failure, and as long as the sink asks for', async () => {
    const { delivery, driver, pace, publish, at } = rig();
    driver.answers.push(retry('down'), retry('down'), retry('down'), retry('busy', 600_000), () => {
      throw new Error('reset');
    });
    publish(1);
    for (const ms of [1_000, 2_000, 4_000, 600_000, 16_000]) await pace.pass(ms);
    await at(1);
    expect(driver.batches).toHaveLength(6);
    await delivery.stop();
  });

  it('A-29: a month of backlog drains in steps of bounded memory', async () => {
    const { delivery, log, driver, publish, at } = rig();
    driver.taken.push = () => 0;
    publish(20_000);
    await at(20_000);
    await delivery.stop();
    expect(log.most).toBeLessThanOrEqual(256);
    expect(Math.max(...driver.batches.map(({ rows }) => rows.length))).toBe(100);
  });

  it('A-29: tells of a gap at two thresholds, once each, and that it has caught up', async () => {
    const { delivery, driver, pace, news, publish, at } = rig();
    const away = Promise.withResolvers<typeof accepted>();
    driver.answers.push(() => away.promise);
    publish(300);
    await until(() => driver.batches.length === 1);
    for (const ms of [200_000, 100_000, 100_000, 3_300_000, 100_000]) {
      pace.advance(ms);
      delivery.look();
    }
    away.resolve(accepted);
    await at(300);
    await pace.pass(1_000);
    delivery.look();
    delivery.look();
    expect(told(news)).toMatchObject([
      { kind: 'started', sink: 'siem', from: 0 },
      { kind: 'gap', from: 0, to: 300, lagMs: 360_000 },
      { kind: 'gap', from: 0, to: 300, lagMs: 3_760_000 },
      { kind: 'caught-up', from: 0, to: 300, lagMs: 0 },
    ]);
    expect(news.at(-1)).toMatchObject({ kind: 'standing', next: 300, covered: 300, delivered: 300, lagMs: 0 });
    await delivery.stop();
  });

  it('A-29: what waits while issuance goes first has an age too, from when it was seen to wait', async () => {
    const { delivery, pace, news, publish, at } = rig({ givesWay: () => givesWay });
    let givesWay = false;
    publish(10);
    await at(10);
    await until(() => pace.waits.length > 0);
    delivery.look();
    givesWay = true;
    publish(20);
    delivery.look();
    pace.advance(90_000);
    delivery.look();
    expect(news.map((each) => (each.kind === 'standing' ? each.lagMs : each.kind))).toEqual(['started', 0, 0, 90_000]);
    givesWay = false;
    await pace.pass(1_000);
    await at(20);
    await delivery.stop();
  });

  it('A-36: what a sink will never take lies with the dead letters, with its reason, and the rest goes on', async () => {
    const { delivery, driver, news, dead, publish, at } = rig();
    driver.answers.push({ kind: 'refused', rows: new Map([[3, 'mapping conflict']]) });
    publish(100);
    await at(100);
    delivery.look();
    await delivery.stop();
    expect(dead.map(({ row, reason }) => [row.seq, reason])).toEqual([[3, 'mapping conflict']]);
    expect(driver.taken).toEqual(numbers(0, 100).filter((seq) => seq !== 3));
    expect(told(news).at(-1)).toMatchObject({ kind: 'refused', from: 3, to: 4, count: 1, error: 'mapping conflict' });
  });

  it('tells of entries whose bodies the log has dropped, and goes on behind them', async () => {
    const { delivery, driver, log, news, publish, at } = rig();
    for (let seq = 0; seq < 256; seq++) if (seq !== 7) log.dropped.add(seq);
    publish(260);
    await at(260);
    delivery.look();
    await delivery.stop();
    expect(driver.taken).toEqual([7, ...numbers(256, 260)]);
    const error = 'the log has only their hashes left';
    expect(told(news).at(-1)).toMatchObject({ kind: 'refused', from: 0, to: 256, count: 255, error });
  });

  it('finds the one row that a batch was refused for, by halves, and sends all others in order', async () => {
    class Picky extends ToldDriver {
      override async send(...words: Parameters<ToldDriver['send']>) {
        const [{ rows }] = words;
        if (rows.some(({ seq }) => seq === 61)) this.answers.unshift({ kind: 'unfit', reason: 'invalid data' });
        return super.send(...words);
      }
    }
    const driver = new Picky();
    const { delivery, dead, publish, at } = rig({ driver });
    publish(200);
    await at(200);
    await delivery.stop();
    expect(dead.map(({ row }) => row.seq)).toEqual([61]);
    expect(driver.taken).toEqual(numbers(0, 200).filter((seq) => seq !== 61));
  });

  it('a sink that refuses whatever it is sent is one that is away, and costs few dead letters', async () => {
    const { delivery, driver, pace, news, dead, publish } = rig();
    driver.answers.push(...numbers(0, 10_000).map(() => ({ kind: 'unfit', reason: 'no such index' }) as const));
    publish(100);
    await until(() => pace.waits.includes(1_000) && dead.length === 16);
    delivery.look();
    expect(news.at(-2)).toMatchObject({
      kind: 'standing',
      next: 16,
      problem: expect.stringContaining('no such index'),
    });
    await delivery.stop();
  });

  it('tells of refusals once a minute: each telling is a record that may be refused too', async () => {
    const { delivery, driver, pace, news, publish, at } = rig();
    const refuseFirst = { kind: 'refused', rows: new Map([[0, 'no']]) } as const;
    for (const size of [50, 100, 150]) {
      driver.answers.push(refuseFirst);
      publish(size);
      await at(size);
      delivery.look();
    }
    pace.advance(60_000);
    delivery.look();
    await delivery.stop();
    const counts = told(news).flatMap((each) => (each.kind === 'refused' ? [each.count] : []));
    expect(counts).toEqual([1, 2]);
  });

  it('stays away while another server delivers, and takes over when it may', async () => {
    const kept = new KeptCursor();
    let elsewhere = true;
    const cursors = { hold: async () => (elsewhere ? undefined : kept.hold()) };
    const { delivery, driver, pace, news, publish } = rig({ cursors }, kept);
    publish(10);
    await pace.pass(1_000);
    delivery.look();
    expect(news).toMatchObject([{ kind: 'standing', elsewhere: true }]);
    elsewhere = false;
    await pace.pass(1_000);
    await until(() => kept.place.next === 10);
    expect(driver.taken).toEqual(numbers(0, 10));
    await delivery.stop();
  });
});
