import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TestHome } from '#test/support/home.ts';
import { InProcess, quiet } from './in-process.ts';

const hour = 3_600_000;
const tickMs = 1_000;

describe('a server whose clock is set', () => {
  const trueNow = Date.now.bind(Date);
  let offset = 0;
  let home: TestHome;

  beforeEach(() => {
    offset = 0;
    vi.spyOn(Date, 'now').mockImplementation(() => trueNow() + offset);
    // Only what looks about the server by itself; connections and signatures go their own way.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    home = new TestHome({ config: quiet });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    home[Symbol.dispose]();
  });

  /** Sets the clock, and lets the server look at it. */
  function set(ms: number): void {
    offset = ms;
    vi.advanceTimersByTime(tickMs);
  }
  const ready = (running: InProcess) => running.get('/readyz');
  const well = { status: 200, body: 'ok\n' };

  it('A-9: a step either way is an event with its size, and time in the log never runs backwards', async () => {
    await using running = await InProcess.start(home);
    await running.ask();
    set(3 * hour);
    await running.ask();
    set(3 * hour - 4_000);
    await running.ask();
    set(3 * hour);
    await running.close();
    const steps = running.records.filter(({ type }) => type === 'clock.step');
    const sizes = steps.map(({ clock }) => Number(Object(clock).stepMs));
    expect(sizes.map((ms) => Math.round(ms / 1000))).toEqual([(3 * hour) / 1000, -4, 4]);
    const times = running.records.map(({ time }) => time);
    expect(times).toEqual(times.toSorted());
    expect(Date.parse(times.at(-1) ?? '') - Date.parse(times[0] ?? '')).toBeGreaterThanOrEqual(3 * hour);
  });

  it('A-9: what the time service does all day is no event', async () => {
    await using running = await InProcess.start(home);
    for (const ms of [900, -900, 0, 1_500]) set(ms);
    await running.close();
    expect(running.types).not.toContain('clock.step');
  });

  it('A-9: set back beyond the allowed skew, issuance pauses, /readyz says why, and both resume', async () => {
    await using running = await InProcess.start(home);
    expect(await ready(running)).toEqual(well);
    set(hour);
    expect(await running.ask()).toMatchObject({ code: 0 });
    set(0);
    expect(await running.ask()).toMatchObject({
      code: 14,
      message: expect.stringContaining('behind the newest record'),
    });
    expect(await ready(running)).toEqual({
      status: 503,
      body: expect.stringMatching(/^clock: 3[56]\d\d s behind the newest record; issuance pauses\n$/),
    });
    set(hour + 1_000);
    expect(await running.ask()).toMatchObject({ code: 0 });
    expect(await ready(running)).toEqual(well);
    await running.close();
    const ends = running.records.filter(({ door }) => door === 'istio');
    expect(ends.map(({ type, reason }) => reason ?? type)).toEqual([
      'certificate.issued',
      'clock.behind',
      'certificate.issued',
    ]);
    const times = running.records.map(({ time }) => time);
    expect(times).toEqual(times.toSorted());
    expect(running.records.map(({ seq }) => seq)).toEqual(times.map((_, at) => at));
  });

  it('A-9: a server that starts behind its own log issues nothing until its clock has caught up', async () => {
    offset = 2 * hour;
    const before = await InProcess.start(home);
    await before.close();
    offset = 0;
    await using running = await InProcess.start(home);
    expect(await ready(running)).toMatchObject({ status: 503, body: expect.stringContaining('clock: ') });
    expect(await running.ask()).toMatchObject({ code: 14 });
    set(2 * hour + 1_000);
    expect(await ready(running)).toEqual(well);
    expect(await running.ask()).toMatchObject({ code: 0 });
  });
});
