import { afterEach, describe, expect, it, vi } from 'vitest';
import { KeyStoreError, type KeyStoreErrorCode } from '#keys/key-store-error.ts';
import { asKeyStoreError } from '#keys/pkcs11/return-value.ts';
import { type PoolEvent, type PoolLimits, SessionPool } from '#keys/pkcs11/session-pool.ts';
import { demandPinAttempts } from '#keys/pkcs11/token.ts';
import { Refusal } from '#refusal/refusal.ts';

class FakeSeat {
  readonly number: number;
  closed = false;

  constructor(number: number) {
    this.number = number;
  }

  close(): void {
    this.closed = true;
  }
}

/** A token that opens as often as it is let, with a clock that moves by hand. */
function pool(limits: Partial<PoolLimits> = {}) {
  const state = {
    seats: [] as FakeSeat[],
    attempts: 0,
    failure: undefined as KeyStoreErrorCode | undefined,
    now: 0,
    events: [] as PoolEvent['type'][],
  };
  const open = () => {
    state.attempts++;
    if (state.failure !== undefined) throw new KeyStoreError(state.failure, `the token says ${state.failure}`);
    const seat = new FakeSeat(state.seats.length);
    state.seats.push(seat);
    return seat;
  };
  const whole = { sessions: 2, waiting: 3, timeout: 10_000, retryAfter: 1000, ...limits };
  const made = new SessionPool<FakeSeat>(
    open,
    whole,
    ({ type }) => state.events.push(type),
    () => state.now,
  );
  return { pool: made, state };
}

/** A signature that ends when told to. */
function gate<Result>() {
  let release: (result: Result) => void = () => {};
  const held = new Promise<Result>((resolve) => {
    release = resolve;
  });
  return { held, release };
}

const lost = () => Promise.reject(new KeyStoreError('session-lost', 'gone'));
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'fine',
    (thrown: unknown) => (thrown instanceof Refusal ? `${thrown.code} ${thrown.detail.code}` : String(thrown)),
  );

describe('a pool of sessions', () => {
  it('opens no more sessions than its size and lets the rest wait in order', async () => {
    const { pool: sessions, state } = pool();
    const gates = [gate<string>(), gate<string>(), gate<string>()];
    const order: number[] = [];
    const runs = gates.map(({ held }, i) =>
      sessions.run((seat) => {
        order.push(i);
        return held.then((text) => `${text} on ${seat.number}`);
      }),
    );
    expect(order).toEqual([0, 1]);
    gates[1]?.release('second');
    expect(await runs[1]).toBe('second on 1');
    gates[2]?.release('third');
    expect(await runs[2]).toBe('third on 1');
    gates[0]?.release('first');
    expect(await runs[0]).toBe('first on 0');
    expect(state.attempts).toBe(2);
  });

  it('refuses at once what would wait behind a full queue', async () => {
    const { pool: sessions } = pool({ sessions: 1, waiting: 2 });
    const { held, release } = gate<string>();
    const accepted = [1, 2, 3].map(() => sessions.run(() => held));
    expect(await codeOf(sessions.run(() => held))).toBe('signer.unavailable busy');
    release('done');
    expect(await Promise.all(accepted)).toEqual(['done', 'done', 'done']);
  });

  it('tries once more with a new session when the first was lost under it', async () => {
    const { pool: sessions, state } = pool();
    expect(await sessions.run((seat) => (seat.number === 0 ? lost() : Promise.resolve(seat.number)))).toBe(1);
    expect(state.seats[0]?.closed).toBe(true);
    expect(state.events).toEqual(['hsm.lost', 'hsm.recovered']);
  });

  it('does not try a third time', async () => {
    const { pool: sessions, state } = pool();
    expect(await codeOf(sessions.run(lost))).toBe('signer.unavailable session-lost');
    expect(state.attempts).toBe(2);
  });

  it('uses no session again that an error came from: it may be in the middle of an operation', async () => {
    const { pool: sessions, state } = pool({ sessions: 1 });
    const failing = () => Promise.reject(new KeyStoreError('token', 'CKR_ARGUMENTS_BAD'));
    expect(await codeOf(sessions.run(failing))).toBe('signer.unavailable token');
    expect(await sessions.run((seat) => Promise.resolve(seat.number))).toBe(1);
    expect(state.seats[0]?.closed).toBe(true);
  });

  it.each(['wrong-pin', 'pin-locked'] as const)('never logs in again after %s: the token would lock', async (code) => {
    const { pool: sessions, state } = pool();
    state.failure = code;
    for (let i = 0; i < 5; i++) {
      expect(await codeOf(sessions.run(() => Promise.resolve(1)))).toBe(`signer.unavailable ${code}`);
      state.now += 100_000;
    }
    expect(state.attempts).toBe(1);
    expect(sessions.lost?.code).toBe(code);
  });

  it('asks a token that is away no more often than it should, and serves again when it is back', async () => {
    const { pool: sessions, state } = pool({ retryAfter: 1000 });
    state.failure = 'no-token';
    for (let i = 0; i < 5; i++) expect(await codeOf(sessions.run(() => Promise.resolve(1)))).toMatch(/no-token/);
    expect(state.attempts).toBe(1);
    state.now += 1001;
    expect(await codeOf(sessions.run(() => Promise.resolve(1)))).toMatch(/no-token/);
    expect(state.attempts).toBe(2);
    state.failure = undefined;
    state.now += 1001;
    expect(await sessions.run(() => Promise.resolve('signed'))).toBe('signed');
    expect(state.events).toEqual(['hsm.lost', 'hsm.recovered']);
  });

  it('serves with fewer sessions where the token gives no more', async () => {
    const { pool: sessions, state } = pool({ sessions: 4 });
    const { held, release } = gate<string>();
    const first = sessions.run(() => held);
    state.failure = 'busy';
    const second = sessions.run(() => Promise.resolve('later'));
    release('first');
    expect(await Promise.all([first, second])).toEqual(['first', 'later']);
    expect(state.events).toEqual([]);
  });

  describe('a token that hangs', () => {
    afterEach(() => vi.useRealTimers());

    it('keeps nobody longer than the timeout, and its session until the call returns', async () => {
      vi.useFakeTimers();
      const { pool: sessions, state } = pool({ sessions: 1, timeout: 5000 });
      const { held, release } = gate<string>();
      const hanging = codeOf(sessions.run(() => held));
      const waiting = codeOf(sessions.run(() => Promise.resolve('never')));
      state.now = 5000;
      vi.advanceTimersByTime(1000);
      expect(await Promise.all([hanging, waiting])).toEqual(['signer.unavailable busy', 'signer.unavailable busy']);
      const next = sessions.run((seat) => Promise.resolve(seat.number));
      release('late');
      expect(await next).toBe(0);
      await vi.advanceTimersByTimeAsync(2000);
      expect(vi.getTimerCount()).toBe(0);
    });
  });

  it('refuses what waits when it is closed, and closes every session', async () => {
    const { pool: sessions, state } = pool({ sessions: 1 });
    const { held, release } = gate<string>();
    const running = sessions.run(() => held);
    const waiting = sessions.run(() => Promise.resolve('never'));
    sessions.close();
    expect(await codeOf(waiting)).toBe('signer.unavailable session-lost');
    release('done');
    expect(await running).toBe('done');
    expect(state.seats.every(({ closed }) => closed)).toBe(true);
  });
});

describe('a token that counts wrong PINs', () => {
  const initialised = 0x8;
  it.each([
    ['is locked', 0x40000, 'pin-locked', /is locked; the security officer/],
    ['is one wrong PIN from it', 0x20000, 'pin-locked', /one wrong PIN more locks/],
    ['has none yet', -initialised, 'no-pin', /has no user PIN yet/],
  ] as const)('is left alone when it %s', (_, flag, code, sentence) => {
    try {
      demandPinAttempts(initialised + flag, 'mesh');
      expect.unreachable();
    } catch (thrown) {
      expect(thrown).toMatchObject({ code, message: expect.stringMatching(sentence) });
    }
  });
  it('is logged in to when a few attempts are gone', () => {
    expect(() => demandPinAttempts(initialised + 0x10000, 'mesh')).not.toThrow();
  });
});

describe('return values of PKCS#11', () => {
  const native = (name: string) => new Error(`${name}:1 at PKCS11.C_Login`);
  it.each([
    ['CKR_PIN_LOCKED', 'pin-locked', /security officer must set a new one/],
    ['CKR_PIN_INCORRECT', 'wrong-pin', /a few more attempts lock the token/],
    ['CKR_USER_PIN_NOT_INITIALIZED', 'no-pin', /Initialise it/],
    ['CKR_DEVICE_REMOVED', 'session-lost', /Put it back/],
    ['CKR_SESSION_COUNT', 'busy', /Lower the number of sessions/],
    ['CKR_VENDOR_DEFINED', 'token', /answered CKR_VENDOR_DEFINED while logging in/],
  ] as const)('%s is %s', (name, code, sentence) => {
    const error = asKeyStoreError(native(name), 'logging in');
    expect(error.code).toBe(code);
    expect(error.message).toMatch(sentence);
  });

  it('a lost token is tried again without a signature asked for, each time after the wait, until it answers', async () => {
    vi.useFakeTimers();
    const { pool: sessions, state } = pool();
    sessions.prove();
    state.failure = 'token';
    expect(await codeOf(sessions.run(lost))).toBe('signer.unavailable token');
    const attempts = state.attempts;
    const passes = (ms: number) => {
      state.now += ms;
      vi.advanceTimersByTime(ms);
    };
    passes(1_000);
    passes(1_000);
    expect(state.attempts).toBe(attempts + 2);
    expect(sessions.lost).toMatchObject({ code: 'token' });
    state.failure = undefined;
    passes(1_000);
    expect(sessions.lost).toBeUndefined();
    expect(state.events).toEqual(['hsm.lost', 'hsm.recovered']);
    passes(10_000);
    expect(state.attempts).toBe(attempts + 3);
  });

  it('a token that is lost for good, or to a closed pool, is not tried again', async () => {
    vi.useFakeTimers();
    for (const [failure, close] of [
      ['wrong-pin', false],
      ['token', true],
    ] as const) {
      const { pool: sessions, state } = pool();
      sessions.prove();
      state.failure = failure;
      await codeOf(sessions.run(lost));
      const attempts = state.attempts;
      if (close) sessions.close();
      state.now += 60_000;
      vi.advanceTimersByTime(60_000);
      expect(state.attempts).toBe(attempts);
    }
  });
});
