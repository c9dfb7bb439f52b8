import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkpointText, softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { cosignedAt, cosigner, parseLogVkey, parseWitnessVkey } from '#audit/cosignature.ts';
import { Malformed } from '#audit/malformed.ts';
import { parseVkey, splitVkey } from '#audit/vkey.ts';

const text = checkpointText({ origin: 'log.example/a', size: 42, root: Buffer.alloc(32, 7) });
const seconds = 1_795_000_000;
const privateKeys = {
  ed25519: generateKeyPairSync('ed25519').privateKey,
  'ml-dsa-44': generateKeyPairSync('ml-dsa-44').privateKey,
};

describe.each(['ed25519', 'ml-dsa-44'] as const)('a cosignature by %s', (kind) => {
  const witness = cosigner('witness.example/w1', privateKeys[kind]);
  const verifier = parseWitnessVkey(witness.vkey);
  const octets = Buffer.from(text);

  it('holds under the vkey, and tells when it was made', async () => {
    const made = await witness.cosign(text, seconds);
    expect(made).toMatchObject({ name: verifier.name, keyId: verifier.keyId });
    expect(verifier.verifies(octets, made.signature)).toBe(true);
    expect(cosignedAt(made)).toBe(seconds * 1_000);
  });

  it('no octet of it and none of what it is over can be changed', async () => {
    const { signature } = await witness.cosign(text, seconds);
    const step = kind === 'ed25519' ? 1 : 97;
    for (let at = 0; at < signature.length; at += step) {
      const changed = Buffer.from(signature);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(verifier.verifies(octets, changed), `octet ${at}`).toBe(false);
    }
    for (let at = 0; at < octets.length; at++) {
      const changed = Buffer.from(octets);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(verifier.verifies(changed, signature), `octet ${at} of the text`).toBe(false);
    }
    expect(verifier.verifies(octets, signature.subarray(0, -1))).toBe(false);
    expect(verifier.verifies(octets, new Uint8Array(3))).toBe(false);
  });

  it('without a time it does not hold as that of a witness', async () => {
    const { signature } = await witness.cosign(text, 0);
    expect(verifier.verifies(octets, signature)).toBe(false);
  });

  it('its vkey is no key of a log that ours could have', () => {
    expect(() => parseVkey(witness.vkey)).toThrow(Malformed);
  });
});

it('the two kinds have the types 4 and 6, and key ids that depend on the name', () => {
  const [one, two] = [cosigner('w1', privateKeys.ed25519), cosigner('w2', privateKeys.ed25519)];
  expect(splitVkey(one.vkey)).toMatchObject({ type: 4 });
  expect(splitVkey(cosigner('w1', privateKeys['ml-dsa-44']).vkey)).toMatchObject({ type: 6 });
  expect(splitVkey(one.vkey).keyId).not.toBe(splitVkey(two.vkey).keyId);
});

it('an ML-DSA-44 cosignature commits to the name of the witness', async () => {
  const { signature } = await cosigner('w1', privateKeys['ml-dsa-44']).cosign(text, seconds);
  const other = parseWitnessVkey(cosigner('w2', privateKeys['ml-dsa-44']).vkey);
  expect(other.verifies(Buffer.from(text), signature)).toBe(false);
});

it('a log may sign with ML-DSA-44, without a time; its Ed25519 key is not one for cosignatures', async () => {
  const log = cosigner('log.example/a', privateKeys['ml-dsa-44']);
  const { signature } = await log.cosign(text, 0);
  expect(parseLogVkey(log.vkey).verifies(Buffer.from(text), signature)).toBe(true);
  expect(() => parseLogVkey(cosigner('log.example/a', privateKeys.ed25519).vkey)).toThrow(Malformed);
  expect(() => parseWitnessVkey(softwareCheckpointSigner(privateKeys.ed25519, 'w').vkey)).toThrow('type 4');
});

it.each(['', 'a b', 'a+b', 'é'.repeat(128)])('%j is no name of a witness', (name) => {
  expect(() => cosigner(name, privateKeys.ed25519)).toThrow(RangeError);
});

it('a key of another kind is refused', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  expect(() => cosigner('w', privateKey)).toThrow('ed25519 or ml-dsa-44');
});
