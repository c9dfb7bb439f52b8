import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CopyOut, copyText } from '#store/postgres/copy-out.ts';
import { openSession } from '#store/postgres/open-session.ts';
import { Lost, Rejected } from '#store/postgres/session.ts';
import { StoreError } from '#store/store-error.ts';
import { describeWith } from '#test/oracles.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';

const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');

/** As PostgreSQL's manual describes the format, with an extension of the header that nobody has to understand. */
function encoded(rows: readonly (readonly Uint8Array[])[], extension = new Uint8Array()): Buffer {
  const int = (value: number, octets: 2 | 4) => {
    const buffer = Buffer.alloc(octets);
    buffer.writeIntBE(value, 0, octets);
    return buffer;
  };
  return Buffer.concat([
    ...[signature, int(0, 4), int(extension.length, 4), extension],
    ...rows.flatMap((row) => [int(row.length, 2), ...row.flatMap((value) => [int(value.length, 4), value])]),
    int(-1, 2),
  ]);
}

function read(octets: Uint8Array, cuts: readonly number[] = []): Buffer[][] {
  const copied = new CopyOut('');
  const places = [0, ...cuts.map((cut) => cut % (octets.length + 1)).sort((a, b) => a - b), octets.length];
  for (const [at, to] of places.entries()) {
    const chunk = Buffer.from(octets.subarray(places[at - 1] ?? 0, to));
    copied.handleCopyData({ chunk });
    // as the client does with what it has read
    chunk.fill(0xaa);
  }
  return copied.tuples();
}

describe('COPY in binary', () => {
  const value = fc.uint8Array({ maxLength: 300 });
  const table = fc.array(fc.array(value, { maxLength: 4 }), { maxLength: 30 });

  it('gives the values that were sent, wherever the messages are divided', () => {
    const cuts = fc.array(fc.nat(), { maxLength: 8 });
    fc.assert(
      fc.property(table, cuts, fc.uint8Array({ maxLength: 20 }), (rows, cut, extension) => {
        const found = read(encoded(rows, extension), cut);
        expect(found.map((row) => row.map((each) => [...each]))).toEqual(
          rows.map((row) => row.map((each) => [...each])),
        );
      }),
    );
  });

  it('is refused where it ends too early, is something else, or has no value', () => {
    fc.assert(
      fc.property(table, fc.nat(), (rows, n) => {
        const whole = encoded(rows);
        expect(() => read(whole.subarray(0, n % whole.length))).toThrow(StoreError);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
        expect(() => read(octets)).toThrow(StoreError);
      }),
    );
    const none = Buffer.concat([
      encoded([]).subarray(0, -2),
      Buffer.from('0001ffffffff', 'hex'),
      Buffer.from('ffff', 'hex'),
    ]);
    expect(() => read(none)).toThrow(StoreError);
  });

  it('takes whole numbers for parameters, and nothing else', () => {
    expect(copyText('SELECT a FROM b WHERE c >= $1 AND c < $2', [3, 4_000_000_000])).toBe(
      'COPY (SELECT a FROM b WHERE c >= 3 AND c < 4000000000) TO STDOUT (FORMAT binary)',
    );
    for (const wrong of [[], [Number.NaN], [1.5], [2 ** 53]]) expect(() => copyText('SELECT $1', wrong)).toThrow('$1');
  });
});

describeWith(['postgres'], 'COPY from a server', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start();
    await server.sql('CREATE TABLE entry (seq bigint PRIMARY KEY, body bytea)');
    await server.sql(
      "INSERT INTO entry SELECT n, decode(repeat(to_hex(n % 16), 2 * (n % 3000)), 'hex') FROM generate_series(0, 4095) AS n",
    );
  });
  afterAll(() => server[Symbol.asyncDispose]());
  const select = 'SELECT seq, body FROM entry WHERE seq >= $1 AND seq < $2 ORDER BY seq';

  it('brings what a query brings, also beside other questions on the wire', async () => {
    const session = await openSession(server.settings('public'));
    const [rows, copied, none, [one]] = await Promise.all([
      session.query(select, [0, 4_096]),
      session.copy(select, [0, 4_096]),
      session.copy(select, [10, 10]),
      session.query('SELECT 1 AS one'),
    ]);
    expect(copied.map(([seq, body]) => ({ seq: Number(seq?.readBigInt64BE()), body }))).toEqual(rows);
    expect(none).toEqual([]);
    expect(one).toEqual({ one: 1 });
    await session.close();
  });

  it('that fails says why, and the connection serves on', async () => {
    const session = await openSession(server.settings('public'));
    await expect(session.copy('SELECT nothing FROM entry', [])).rejects.toBeInstanceOf(Rejected);
    await expect(session.copy('SELECT 1 / (seq - 2000) FROM entry ORDER BY seq', [])).rejects.toMatchObject({
      code: '22012',
    });
    expect(await session.copy(select, [5, 6])).toHaveLength(1);
    await session.close();
  });

  it('that is cut is lost, once', async () => {
    const session = await openSession(server.settings('public'));
    const [row] = await session.query('SELECT pg_backend_pid() AS pid');
    const copying = session.copy('SELECT seq, body, pg_sleep(0.01) FROM entry WHERE seq >= $1 ORDER BY seq', [0]);
    const lost = expect(copying).rejects.toBeInstanceOf(Lost);
    await server.sql('SELECT pg_terminate_backend($1)', [row?.pid]);
    await lost;
    await expect(session.copy(select, [0, 1])).rejects.toBeInstanceOf(Lost);
  });
});
