import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Refusal } from '#refusal/refusal.ts';
import { BadkeysList, BlocklistError } from '#x509/keys/blocklist/badkeys-list.ts';
import type { KeyBlocklist } from '#x509/keys/blocklist/blocklist.ts';
import { knownKeys } from '#x509/keys/blocklist/known-keys.ts';
import { KeyStrength } from '#x509/keys/key-strength.ts';
import { type PublicKey, readSpki } from '#x509/keys/public-key.ts';
import { Verdicts } from '#x509/keys/verdicts.ts';
import { ecKey, ed25519Key, mlDsaKey, rsaKey, spkiOf } from '../csr/build.ts';

function codeOf(strength: KeyStrength, key: PublicKey): string {
  try {
    strength.check(key);
    return 'none';
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown.code;
    throw thrown;
  }
}

/** What badkeys 0.0.21 hashes: numbers without leading zeros; of EC keys the x coordinate. */
function badkeysHash(key: PublicKey): Buffer {
  const jwk = key.object.export({ format: 'jwk' });
  const pub = 'pub' in jwk && typeof jwk.pub === 'string' ? jwk.pub : '';
  const number = Buffer.from(jwk.n ?? jwk.x ?? pub, 'base64url');
  const stripped = key.kind.startsWith('ml') ? number : number.subarray(number.findIndex((octet) => octet !== 0));
  return createHash('sha256').update(stripped).digest().subarray(0, 15);
}

function listOf(keys: readonly PublicKey[], id = 3): Uint8Array {
  const noise = Array.from({ length: 1000 }, (_, i) => createHash('sha256').update(`${i}`).digest().subarray(0, 15));
  const hashes = [...noise, ...keys.map(badkeysHash)].toSorted(Buffer.compare);
  return Uint8Array.from(Buffer.concat(hashes.map((hash) => Buffer.concat([hash, Buffer.of(id)]))));
}

describe('P-28: a list in the badkeys format', () => {
  const keys = [ecKey('P-256'), ecKey('P-521'), rsaKey(2048), ed25519Key(), mlDsaKey('ml-dsa-44')].map((key) =>
    readSpki(spkiOf(key)),
  );

  it('refuses every key that it names, by the name of the list, and no other', () => {
    const strength = new KeyStrength([BadkeysList.over('operator', listOf(keys), new Map([[3, 'debianweak']]))]);
    for (const key of keys) {
      expect(codeOf(strength, key), key.kind).toBe('key.blocklisted');
      expect(() => strength.check(key)).toThrow(
        expect.objectContaining({ detail: expect.objectContaining({ entry: 'debianweak' }) }),
      );
    }
    expect(codeOf(strength, readSpki(spkiOf(ecKey('P-256'))))).toBe('none');
  });

  it('finds the first and the last record', () => {
    const [key] = keys;
    if (key === undefined) throw new Error('no key');
    const record = Buffer.concat([badkeysHash(key), Buffer.of(9)]);
    const low = Buffer.alloc(16);
    const high = Buffer.alloc(16, 0xff);
    expect(BadkeysList.over('x', Buffer.concat([record])).find(key)).toBe('list 9');
    expect(BadkeysList.over('x', Buffer.concat([low, record])).find(key)).toBe('list 9');
    expect(BadkeysList.over('x', Buffer.concat([record, high])).find(key)).toBe('list 9');
    expect(BadkeysList.over('x', Buffer.concat([low, high])).find(key)).toBeUndefined();
  });

  it('that is not sorted, cut off or empty fails when it is loaded', () => {
    const list = listOf(keys);
    const swapped = Uint8Array.from([...list.subarray(16, 32), ...list.subarray(0, 16), ...list.subarray(32)]);
    for (const damaged of [swapped, list.subarray(0, -1), list.subarray(1), new Uint8Array(0)]) {
      expect(() => BadkeysList.over('damaged', damaged)).toThrow(BlocklistError);
    }
  });
});

describe('P-29: the built-in list', () => {
  /** Public halves of RFC 9500 §2.1 and §2.3: P-256 and P-384 as points, the others by their hash in the list. */
  const p256 =
    '3059301306072a8648ce3d020106082a8648ce3d030107034200044225' +
    '48f88fb782ffb5eca3744452c72a1e558fbd6f73be5e48e93232cc45c5b16c4cd10c4cb8d5b8a17139e94882c8992572993425f41419ab7e90a42a494272';

  it('refuses the P-256 key of RFC 9500', () => {
    const key = readSpki(Uint8Array.from(Buffer.from(p256, 'hex')));
    expect(key.object.asymmetricKeyType).toBe('ec');
    expect(() => new KeyStrength().check(key)).toThrow(
      expect.objectContaining({ code: 'key.blocklisted', detail: expect.objectContaining({ entry: 'RFC 9500' }) }),
    );
  });

  it('holds whole hashes, none twice, of the five keys of RFC 9500 that the floor would take and of the others', () => {
    const hashes = Object.values(knownKeys).flat();
    expect(knownKeys['RFC 9500']?.length).toBe(5);
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(hashes.every((hash) => /^[0-9a-f]{64}$/.test(hash))).toBe(true);
    expect(hashes.length).toBeGreaterThanOrEqual(35);
  });
});

function counting(answer: string | undefined) {
  let count = 0;
  const list: KeyBlocklist = {
    name: 'counting',
    find: () => {
      count++;
      return answer;
    },
  };
  return { list, asked: () => count };
}

describe('verdicts', () => {
  it('are remembered, so that a list is asked once for a key', () => {
    const { list, asked } = counting(undefined);
    const strength = new KeyStrength([list]);
    const key = readSpki(spkiOf(ecKey('P-256')));
    strength.check(key);
    strength.check(readSpki(key.spki));
    expect(asked()).toBe(1);
  });

  it('of a refused key are remembered too', () => {
    const { list, asked } = counting('listed');
    const strength = new KeyStrength([list]);
    const key = readSpki(spkiOf(ecKey('P-256')));
    expect([codeOf(strength, key), codeOf(strength, key), asked()]).toEqual(['key.blocklisted', 'key.blocklisted', 1]);
  });

  it('are kept for a bounded number of keys, the ones last used', () => {
    const verdicts = new Verdicts<object>(2);
    verdicts.set('a', null);
    verdicts.set('b', null);
    expect(verdicts.get('a')).toBeNull();
    verdicts.set('c', null);
    expect([verdicts.get('a'), verdicts.get('b'), verdicts.get('c'), verdicts.size]).toEqual([
      null,
      undefined,
      null,
      2,
    ]);
  });
});
