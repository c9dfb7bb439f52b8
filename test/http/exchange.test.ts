import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { exchange, type Question } from '#http/exchange.ts';
import { wordsIn } from '#http/words.ts';
import { repository } from '#test/oracles.ts';
import { answer, Receiver } from '#test/sinks/receiver.ts';
import { makeTlsFiles } from '#test/sinks/tls-files.ts';

const ask = (url: string, more: Partial<Question> = {}) =>
  exchange(new URL(url), {
    method: 'GET',
    signal: AbortSignal.timeout(20_000),
    longestAnswer: 1_000,
    repeatable: false,
    ...more,
  });

describe('an exchange', () => {
  let bare: Server | undefined;
  afterEach(() => bare?.close());

  /** Speaks TCP as a test says, and no more. */
  const speaking = async (text: (octets: string) => string | undefined): Promise<string> => {
    bare = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (octets) => {
        const said = text(octets.toString('latin1'));
        if (said === undefined) socket.destroy();
        else socket.write(said);
      });
    });
    bare.listen(0, '127.0.0.1');
    await once(bare, 'listening');
    const address = bare.address();
    return `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  };

  it('is one question and one answer, with its status, headers and when to come again', async () => {
    await using receiver = await Receiver.listen(({ path, headers, body }, response) =>
      answer(
        response,
        429,
        { path, type: headers['content-type'], length: headers['content-length'], body },
        {
          'retry-after': '7',
          'x-more': 'yes',
        },
      ),
    );
    const headers = { 'content-type': 'text/plain' };
    const { status, header, retryAfterMs, body } = await ask(`${receiver.url}/a?b=c`, {
      ...{ method: 'POST', headers, body: 'é' },
    });
    expect([status, header('x-more'), header('x-less'), retryAfterMs]).toEqual([429, 'yes', undefined, 7_000]);
    expect(JSON.parse(body.toString())).toEqual({ path: '/a?b=c', type: 'text/plain', length: '2', body: 'é' });
  });

  it('is not led elsewhere', async () => {
    await using elsewhere = await Receiver.listen((_, response) => answer(response, 200, 'elsewhere'));
    await using receiver = await Receiver.listen((_, response) =>
      response.writeHead(307, { location: elsewhere.url }).end(),
    );
    expect(await ask(receiver.url)).toMatchObject({ status: 307 });
  });

  it('goes to whom it is for, whatever proxy the environment names', async () => {
    let asked = 0;
    await using proxy = await Receiver.listen((_, response) => {
      asked++;
      answer(response, 200, 'the proxy');
    });
    await using receiver = await Receiver.listen((_, response) => answer(response, 200, 'whom it is for'));
    const program = `
      import { exchange } from '#http/exchange.ts';
      const question = { method: 'GET', signal: AbortSignal.timeout(20_000), longestAnswer: 100, repeatable: true };
      console.log((await exchange(new URL(process.argv[1]), question)).body.toString());
    `;
    const env = { PATH: process.env.PATH, NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxy.url, http_proxy: proxy.url };
    const words = ['--input-type=module-typescript', '--eval', program, receiver.url];
    const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: repository, env });
    expect([stdout.trim(), asked]).toEqual(['"whom it is for"', 0]);
  });

  describe('ends in time', () => {
    const soon = () => AbortSignal.timeout(100);
    it.each([
      ['nobody says anything', () => ''],
      ['a head has no end', () => 'HTTP/1.1 200 OK\r\nx-a: b\r\n'],
      ['a body has no end', () => 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx'],
    ])('where %s', async (_, said) => {
      const host = await speaking(said);
      await expect(ask(`http://${host}/`, { signal: soon() })).rejects.toThrow(`${host}: The operation was aborted`);
    });

    it('where a handshake has no end, and where there was no time to begin with', async () => {
      const host = await speaking(() => '');
      await expect(ask(`https://${host}/`, { signal: soon() })).rejects.toThrow(/aborted/);
      await expect(ask(`http://${host}/`, { signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow(
        `${host}: too late`,
      );
    });
  });

  it('takes as much as was said, and not an octet more', async () => {
    await using receiver = await Receiver.listen(({ path }, response) => {
      response.end('x'.repeat(Number(path.slice(1))));
    });
    expect((await ask(`${receiver.url}/1000`)).body).toHaveLength(1_000);
    await expect(ask(`${receiver.url}/1001`)).rejects.toThrow('its answer is larger than 1000 octets');
    const drip = await speaking(() => `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(2_000)}`);
    await expect(ask(`http://${drip}/`)).rejects.toThrow('larger than');
    const head = await speaking(() => `HTTP/1.1 200 OK\r\nx-a: ${'b'.repeat(20_000)}\r\n\r\n`);
    await expect(ask(`http://${head}/`)).rejects.toThrow(/overflow/);
  });

  it('an answer that breaks off is none', async () => {
    await using receiver = await Receiver.listen(
      (_, response) => void response.writeHead(200, { 'content-length': 9 }).write('half', () => response.destroy()),
    );
    await expect(ask(receiver.url)).rejects.toThrow(/aborted/);
  });

  it('that fails names whom it was with, and nothing of what was sent there', async () => {
    const headers = { authorization: 'Bearer s3cret-token' };
    const url = (host: string) => `http://ada:s3cret-password@${host}/s3cret-path?key=s3cret-query`;
    const garbage = await speaking(() => 'HTTP/1.1 \u001b[31mred\u0007\r\n\r\n');
    for (const host of ['127.0.0.1:1', garbage]) {
      const failure = await ask(url(host), { headers }).catch((thrown: unknown) => thrown);
      if (!(failure instanceof Error)) throw new Error('it was answered');
      expect(failure.message).toMatch(new RegExp(`^${host.replaceAll('.', '\\.')}: .`));
      expect([failure.message, String(failure.cause)].join()).not.toMatch(/s3cret|ada|\p{Cc}/u);
    }
  });

  describe('on a connection that was kept and is gone', () => {
    /** Answers the first question on each connection, and cuts off the second. */
    const forgetful = () => {
      const seen = new WeakSet<object>();
      return Receiver.listen((_, response) => {
        const { socket } = response;
        if (socket === null) return;
        if (seen.has(socket)) return void socket.destroy();
        seen.add(socket);
        answer(response, 200, {});
      });
    };

    it('is begun anew if twice is no more than once', async () => {
      await using receiver = await forgetful();
      for (let n = 0; n < 4; n++) expect(await ask(receiver.url, { repeatable: true })).toMatchObject({ status: 200 });
    });

    it('fails if it is, and on a fresh one in any case', async () => {
      await using receiver = await forgetful();
      await ask(receiver.url);
      await expect(ask(receiver.url)).rejects.toThrow(/hang up|ECONNRESET/);
      receiver.handler = (_, response) => void response.socket?.destroy();
      await expect(ask(receiver.url, { repeatable: true })).rejects.toThrow(/hang up|ECONNRESET/);
    });
  });

  it('trusts whom its files name at that moment, though a connection of before is still there', async () => {
    using files = makeTlsFiles();
    using others = makeTlsFiles();
    const tls = { ...files.server(), requestCert: true, rejectUnauthorized: true };
    await using receiver = await Receiver.listen((_, response) => answer(response, 200, {}), tls);
    expect(await ask(receiver.url, { tls: files.client })).toMatchObject({ status: 200 });
    copyFileSync(others.serverFiles.ca, files.client.ca ?? '');
    await expect(ask(receiver.url, { tls: files.client })).rejects.toThrow(/certificate|self-signed/);
    await expect(ask(receiver.url, { tls: { ca: join(repository, 'no-such-file') } })).rejects.toThrow(/ENOENT/);
  });
});

describe('what others said', () => {
  it('is on one line, bounded, and nothing that a terminal heeds', () => {
    expect(wordsIn(' a\u001b[2J\n\tb\u202e \u0000')).toBe('a [2J b');
    expect(wordsIn('x'.repeat(1_000_000))).toHaveLength(300);
  });
});
