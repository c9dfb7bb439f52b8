import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { JsonWebKeySet } from '#authn/oidc/jwks.ts';
import { KeyRing } from '#authn/oidc/key-ring.ts';
import { fileKeys, urlKeys } from '#authn/oidc/key-source.ts';
import { Refusal } from '#refusal/refusal.ts';
import { type IssuerKey, jwks, MemoryKeys, makeKey, never, StoppedClock } from './issuer.ts';

const minute = 60_000;
const failed = expect.objectContaining({ code: 'authn.failed' });
const unavailable = expect.objectContaining({ code: 'authn.unavailable' });

let one: IssuerKey;
let two: IssuerKey;
let clock: StoppedClock;
let source: MemoryKeys;
let ring: KeyRing;

beforeAll(() => {
  one = makeKey('one', 'ES256');
  two = makeKey('two', 'ES256');
});
beforeEach(() => {
  clock = new StoppedClock();
  source = new MemoryKeys(jwks([one]));
  ring = new KeyRing(source, clock);
});
const find = (kid: string) => ring.key(kid, 'ES256', never);

describe("an issuer's keys", () => {
  it('are read once, however many ask at the same time', async () => {
    await Promise.all(Array.from({ length: 20 }, () => find('one')));
    await find('one');
    expect(source.reads).toBe(1);
  });

  it('are looked for again when they are due, while the old ones serve', async () => {
    await find('one');
    clock.time += source.refreshMs;
    source.text = jwks([two]);
    await find('one');
    await find('two');
    await expect(find('one')).rejects.toEqual(failed);
    expect(source.reads).toBe(2);
  });

  it('rotate: an unknown kid causes one reading, and then no more until the cooldown is over', async () => {
    await find('one');
    source.text = jwks([one, two]);
    await expect(find('two')).rejects.toEqual(failed);
    clock.time += source.cooldownMs;
    await find('two');
    for (let i = 0; i < 10; i++) await expect(find(`made up ${i}`)).rejects.toEqual(failed);
    expect(source.reads).toBe(2);
  });

  it('Istio 35: that were never read make authentication unavailable, and are not asked for at every call', async () => {
    source.fault = 'connection refused';
    for (let i = 0; i < 5; i++) await expect(find('one')).rejects.toEqual(unavailable);
    expect(source.reads).toBe(1);
    expect(ring.fault).toBe('connection refused');
    source.fault = undefined;
    clock.time += 2000;
    await find('one');
    expect(ring.fault).toBeUndefined();
  });

  it('are looked for although the clock was set back', async () => {
    await find('one');
    source.text = jwks([two]);
    clock.time -= 24 * 60 * minute;
    expect(ring.due).toBe(true);
    await find('two');
  });

  it('serve on for an hour when their source is down, and not longer', async () => {
    await find('one');
    source.fault = 'down';
    clock.time += 59 * minute;
    await find('one');
    clock.time += minute;
    await expect(find('one')).rejects.toEqual(unavailable);
  });

  it('an unknown kid while the source is down is no bad token: nobody can tell', async () => {
    await find('one');
    source.fault = 'down';
    clock.time += source.cooldownMs;
    await expect(find('two')).rejects.toEqual(unavailable);
    await find('one');
  });

  it('Istio 87: a source that hangs holds nobody past the end of the call', async () => {
    source.gate = new Promise(() => {});
    const abort = new AbortController();
    const waiting = ring.key('one', 'ES256', abort.signal);
    const late = new Refusal('deadline', 'late');
    abort.abort(late);
    await expect(waiting).rejects.toBe(late);
    await expect(ring.key('one', 'ES256', AbortSignal.abort(late))).rejects.toBe(late);
  });

  it('a broken document never replaces a good one', async () => {
    await find('one');
    source.text = '{"keys":[]}';
    clock.time += source.refreshMs;
    await find('one');
    await find('one');
    expect(ring.fault).toContain('no public signature key');
  });
});

describe('a JWK set', () => {
  const broken: readonly (readonly [string, string])[] = [
    ['no JSON', '{'],
    ['no object', '[]'],
    ['no list of keys', '{"keys":{}}'],
    ['only a symmetric key', '{"keys":[{"kty":"oct","k":"AAAA","kid":"x"}]}'],
    ['only keys that are no objects', '{"keys":[1,null,"x",[]]}'],
    ['too many keys', JSON.stringify({ keys: Array.from({ length: 129 }, () => ({})) })],
  ];
  it.each(broken)('is refused when it holds %s', (_, text) => {
    expect(() => new JsonWebKeySet(text)).toThrow();
  });

  it('of any JSON is read or refused, and asking it for a key never breaks', async () => {
    const member = fc.oneof(
      fc.jsonValue({ maxDepth: 1 }),
      fc.constantFrom<unknown>('RSA', 'EC', 'OKP', 'P-256', 'sig', 'AQAB', 'one'),
    );
    const key = fc.dictionary(
      fc.constantFrom('kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'use', 'alg', 'key_ops'),
      member,
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(key, fc.jsonValue())), async (keys) => {
        const odd = new KeyRing(new MemoryKeys(JSON.stringify({ keys })), clock);
        for (const algorithm of ['ES256', 'RS256', 'EdDSA'] as const) {
          const outcome = odd.key('one', algorithm, never).then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
          expect([undefined, 'authn.failed', 'authn.unavailable']).toContain(codeOf(await outcome));
        }
      }),
    );
  });

  it('gives no key for another curve or type', () => {
    const set = new JsonWebKeySet(jwks([one]));
    expect(set.find('one', 'ES384')).toBeUndefined();
    expect(set.find('one', 'RS256')).toBeUndefined();
  });

  it('with a point off its curve refuses the token and stays', async () => {
    const [key] = JSON.parse(jwks([one])).keys;
    source.text = JSON.stringify({ keys: [{ ...key, x: key.y, y: key.x }, JSON.parse(jwks([two])).keys[0]] });
    await expect(find('one')).rejects.toEqual(failed);
    await find('two');
  });

  it('counts the bits of a modulus and not its octets', () => {
    const rsa = JSON.parse(jwks([makeKey('r', 'RS256')])).keys[0];
    const padded = Buffer.concat([Buffer.alloc(128), Buffer.from(rsa.n, 'base64url').subarray(0, 128)]);
    expect(() => new JsonWebKeySet(JSON.stringify({ keys: [{ ...rsa, n: padded.toString('base64url') }] }))).toThrow();
    expect(new JsonWebKeySet(JSON.stringify({ keys: [rsa] })).find('r', 'RS256')).toBeDefined();
  });
});

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Refusal ? thrown.code : thrown;
}

describe('a source of keys', () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  const serve = (listener: RequestListener): Promise<string> =>
    new Promise((resolve, reject) => {
      server = createServer(listener).listen(0, '127.0.0.1', () => {
        const address = server?.address();
        if (address && typeof address === 'object') resolve(`http://127.0.0.1:${address.port}/keys`);
        else reject(new Error('no address'));
      });
    });

  it('is an https URL, or plain http on this machine only', async () => {
    expect(() => urlKeys('http://issuer.example/keys')).toThrow(/https/);
    expect(() => urlKeys('file:///etc/passwd')).toThrow(/https/);
    expect(() => urlKeys('http://127.0.0.1.example/keys')).toThrow(/https/);
    expect(await urlKeys(await serve((_, answer) => answer.end('{}'))).read()).toBe('{}');
  });

  it('is not followed elsewhere, nor taken from another status', async () => {
    const url = await serve((_, answer) => answer.writeHead(302, { location: 'http://127.0.0.1:1/' }).end());
    await expect(urlKeys(url).read()).rejects.toThrow('302');
  });

  it('is bounded in size', async () => {
    const url = await serve((_, answer) => answer.end('x'.repeat(256 * 1024 + 1)));
    await expect(urlKeys(url).read()).rejects.toThrow(/larger than/);
  });

  it('that breaks off is an error and no short document', async () => {
    const url = await serve((_, answer) => {
      answer.writeHead(200, { 'content-length': '100' }).write('{"keys":');
      setImmediate(() => answer.destroy());
    });
    await expect(urlKeys(url).read()).rejects.toThrow();
  });

  it('is a file, read again when it is swapped', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keys-'));
    const path = join(folder, 'keys.json');
    writeFileSync(path, jwks([one]));
    const swapped = new KeyRing(fileKeys(path), clock);
    await swapped.key('one', 'ES256', never);
    writeFileSync(`${path}.new`, jwks([two]));
    renameSync(`${path}.new`, path);
    clock.time += 1000;
    await swapped.key('two', 'ES256', never);
    writeFileSync(path, 'x'.repeat(256 * 1024 + 1));
    await expect(fileKeys(path).read()).rejects.toThrow(/larger than/);
    await expect(fileKeys(join(folder, 'absent')).read()).rejects.toThrow(/ENOENT/);
  });
});
