import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { Refusal } from '#refusal/refusal.ts';
import { describeWith } from '#test/oracles.ts';
import { testMesh } from '#test/x509/mesh.ts';
import { readCertificate } from '#x509/certificate.ts';
import { CertificateError } from '#x509/certificate-error.ts';
import { readSpki } from '#x509/keys/public-key.ts';

/** Every octet with each of its bits turned, left out, and doubled. */
function* mutants(der: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < der.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = Uint8Array.from(der);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
      yield flipped;
    }
    yield Uint8Array.of(...der.subarray(0, at), ...der.subarray(at + 1));
    yield Uint8Array.of(...der.subarray(0, at + 1), ...der.subarray(at));
  }
}

function isRead(der: Uint8Array): boolean {
  try {
    readCertificate(der);
    return true;
  } catch (thrown) {
    if (thrown instanceof CertificateError) return false;
    throw thrown;
  }
}

function isKeyRead(der: Uint8Array): boolean {
  try {
    return readSpki(readCertificate(der).spki).object.type === 'public';
  } catch (thrown) {
    if (thrown instanceof Refusal) return false;
    throw thrown;
  }
}

/** How Go words what is wrong with the key itself: readSpki and the import of what it read refuse each of these. */
const ofTheKey = /public ?key|malformed OID|elliptic curve|ECDSA parameters|invalid P\d+ |point not on curve/i;

/** What Go refuses while parsing and this reader leaves to others, by Go's message and who looks at it here. */
const leftToOthers: readonly (readonly [RegExp, string])[] = [
  [/cannot parse URI/, 'the form of a URI: the SPIFFE ID scanner, and the chain checker'],
  [
    /CRL distribution points|policy mappings/,
    'extensions that are only named: refused by the chain checker if critical',
  ],
];

const isOfTheKey = ({ error }: { readonly error: string }) => ofTheKey.test(error);

describeWith(['go:certcheck'], 'certificates with one octet changed', (path) => {
  it('are read only where Go reads them too, save for what is left to others', () => {
    const { root, intermediate, leaf } = testMesh();
    const all = [root, intermediate, leaf().certificate].flatMap((der) => [...mutants(der)]);
    const read = all.filter(isRead);
    const input = JSON.stringify(read.map((der) => ({ leaf: Buffer.from(der).toString('base64') })));
    const output = execFileSync(path('go:certcheck'), { input, encoding: 'utf8', maxBuffer: 64 << 20 });
    const verdicts: readonly { readonly error: string }[] = JSON.parse(output);
    const theirs = verdicts.flatMap(({ error }, i) =>
      error === '' ? [] : { error, der: read[i] ?? new Uint8Array() },
    );
    const [keys, others] = [theirs.filter(isOfTheKey), theirs.filter((each) => !isOfTheKey(each))];
    expect(keys.length).toBeGreaterThan(100);
    expect(keys.filter(({ der }) => isKeyRead(der)).map(({ error }) => error)).toEqual([]);
    expect(others.filter(({ error }) => !leftToOthers.some(([message]) => message.test(error)))).toEqual([]);
    expect(read.length).toBeGreaterThan(all.length / 4);
    expect(read.length).toBeLessThan(all.length);
  });
});
