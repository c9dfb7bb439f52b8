/** Handshakes that may begin in one turn of the event loop: some 5 ms of its time. */
const perTurn = 8;
/** ms between two handshakes while there is enough to do: nobody who only hangs keeps everybody out. */
const trickle = 10;
/** Connections that may be let go in one turn. */
const lettingGo = 64;

/** A connection of which nothing has been read yet: a socket of Node, in life. */
interface Newcomer {
  readonly remoteAddress?: string | undefined;
  destroy(): unknown;
}

interface Waiting<Socket> {
  readonly socket: Socket;
  /** ms; only differences count. */
  readonly since: number;
}

export interface HandshakeTurnsOptions<Socket> {
  readonly begin: (socket: Socket) => void;
  /** Has waited for `patienceMs`; it is closed by whoever hears it. */
  readonly giveUp: (socket: Socket) => void;
  readonly patienceMs: number;
  /** There is enough to do. */
  readonly crowded: () => boolean;
  readonly loop?: EventLoop;
}

/** What time it is, in ms, and how to get out of the way. */
export interface EventLoop {
  now(): number;
  nextTurn(run: () => void): unknown;
  later(run: () => void, ms: number): unknown;
}

const ownLoop: EventLoop = { now: () => performance.now(), nextTurn: setImmediate, later: setTimeout };

/**
 * Connections on their way to a handshake, which costs most of a millisecond on the event loop. Behind each is a call, and
 * ten thousand at once are more than may be in work: most would be refused and come again, which costs nearly as much as to
 * serve them, and readiness would wait behind all of it. So a few handshakes begin in each turn, hardly any while there is
 * enough to do, and the rest wait with nothing read from them.
 *
 * One of each address goes in turn: a crowd behind one address is no wall for the others. Whoever has waited too long is
 * let go: its client has gone or is about to, and finds a shorter queue when it comes again.
 */
export class HandshakeTurns<Socket extends Newcomer> {
  readonly #options: HandshakeTurnsOptions<Socket>;
  readonly #loop: EventLoop;
  /** In the order in which addresses have their turns; none is empty. */
  readonly #byAddress = new Map<string, Waiting<Socket>[]>();
  #scheduled = false;

  constructor(options: HandshakeTurnsOptions<Socket>) {
    this.#options = options;
    this.#loop = options.loop ?? ownLoop;
  }

  add(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const waiting = { socket, since: this.#loop.now() };
    const others = this.#byAddress.get(address);
    if (others === undefined) this.#byAddress.set(address, [waiting]);
    else others.push(waiting);
    this.#schedule();
  }

  /** Nobody who waits will have a turn. */
  close(): void {
    for (const all of this.#byAddress.values()) for (const { socket } of all) socket.destroy();
    this.#byAddress.clear();
  }

  #schedule(): void {
    if (this.#scheduled || this.#byAddress.size === 0) return;
    this.#scheduled = true;
    if (!this.#options.crowded()) this.#loop.nextTurn(() => this.#turn(perTurn));
    else {
      const { now, later } = this.#loop;
      const before = now();
      // A process that gets little time wakes late: it catches up.
      later(() => this.#turn(Math.min(perTurn, Math.max(1, Math.floor((now() - before) / trickle)))), trickle);
    }
  }

  #turn(places: number): void {
    this.#scheduled = false;
    const oldest = this.#loop.now() - this.#options.patienceMs;
    for (let begun = 0, gone = 0; begun < places && gone < lettingGo; ) {
      const next = this.#next();
      if (next === undefined) return;
      if (next.since >= oldest) {
        this.#options.begin(next.socket);
        begun++;
      } else {
        this.#options.giveUp(next.socket);
        gone++;
      }
    }
    this.#schedule();
  }

  #next(): Waiting<Socket> | undefined {
    for (const [address, all] of this.#byAddress) {
      this.#byAddress.delete(address);
      const first = all.shift();
      if (all.length > 0) this.#byAddress.set(address, all);
      return first;
    }
    return undefined;
  }
}
