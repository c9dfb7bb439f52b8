import { beforeEach, describe, expect, it } from 'vitest';
import { type EventLoop, HandshakeTurns } from '#doors/istio/handshake-turns.ts';

interface Comer {
  readonly name: string;
  readonly remoteAddress: string;
  destroy(): void;
}

/** A loop that turns when it is told to. */
class Loop implements EventLoop {
  ms = 0;
  #next: { readonly run: () => void; readonly at: number } | undefined;

  now = () => this.ms;
  nextTurn = (run: () => void) => this.later(run, 0);
  later = (run: () => void, ms: number) => {
    this.#next = { run, at: this.ms + ms };
  };

  /** False where nothing was to be done. */
  turn(): boolean {
    const next = this.#next;
    this.#next = undefined;
    if (next === undefined) return false;
    this.ms = Math.max(this.ms, next.at);
    next.run();
    return true;
  }
}

describe('connections that wait for their handshake', () => {
  let loop: Loop;
  let begun: string[];
  let gone: string[];
  let crowded: boolean;
  let turns: HandshakeTurns<Comer>;
  const comer = (name: string, remoteAddress = '10.0.0.1'): Comer => ({
    name,
    remoteAddress,
    destroy: () => gone.push(name),
  });
  const crowd = (count: number, address?: string) => {
    for (let at = 0; at < count; at++) turns.add(comer(`${address ?? 'crowd'}-${at}`, address));
  };

  beforeEach(() => {
    loop = new Loop();
    begun = [];
    gone = [];
    crowded = false;
    turns = new HandshakeTurns<Comer>({
      begin: ({ name }) => begun.push(name),
      giveUp: (socket) => socket.destroy(),
      patienceMs: 10_000,
      crowded: () => crowded,
      loop,
    });
  });

  it('begin in the next turn of the loop, and no turn is asked for when none waits', () => {
    turns.add(comer('one'));
    expect(begun).toEqual([]);
    loop.turn();
    expect(begun).toEqual(['one']);
    expect(loop.turn()).toBe(false);
  });

  it('begin a few in each turn, in the order in which they came, until all have', () => {
    crowd(100);
    loop.turn();
    expect(begun.length).toBeLessThan(50);
    const first = begun.length;
    loop.turn();
    expect(begun).toHaveLength(2 * first);
    while (loop.turn());
    expect(begun).toEqual(Array.from({ length: 100 }, (_, at) => `crowd-${at}`));
  });

  it('go one of each address in turn, so that a crowd behind one is no wall for the others', () => {
    crowd(5000, '10.0.0.1');
    crowd(2, '10.0.0.2');
    loop.turn();
    expect(begun.slice(0, 5)).toEqual(['10.0.0.1-0', '10.0.0.2-0', '10.0.0.1-1', '10.0.0.2-1', '10.0.0.1-2']);
  });

  it('trickle while there is enough to do, and flow again afterwards', () => {
    crowded = true;
    crowd(1000);
    while (loop.ms < 1000) loop.turn();
    expect(begun.length).toBeGreaterThan(10);
    expect(begun.length).toBeLessThanOrEqual(100);
    const before = begun.length;
    crowded = false;
    loop.turn();
    loop.turn();
    expect(begun.length - before).toBeGreaterThan(5);
  });

  it('trickle no slower where the loop wakes late', () => {
    crowded = true;
    crowd(100);
    loop.ms = 50;
    loop.turn();
    expect(begun).toHaveLength(5);
  });

  it('are let go when their patience has run out, some in each turn, and the living behind them begin', () => {
    crowd(1000);
    loop.ms = 10_001;
    turns.add(comer('late', '10.0.0.9'));
    loop.turn();
    expect(gone.length).toBeLessThan(100);
    expect(begun).toEqual(['late']);
    while (loop.turn());
    expect(gone).toHaveLength(1000);
    expect(begun).toEqual(['late']);
  });

  it('end with the door', () => {
    crowd(3);
    turns.close();
    expect(gone).toHaveLength(3);
    while (loop.turn());
    expect(begun).toEqual([]);
  });
});
