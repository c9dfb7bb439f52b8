import { execFileSync } from 'node:child_process';
import { beforeAll, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { now } from '#test/x509/mesh.ts';
import { testCrl } from '#test/x509/status.ts';
import { CertificateError } from '#x509/certificate-error.ts';
import { type Crl, readCrl } from '#x509/chain/crl.ts';
import { reasonNumber, revocationReasons } from '#x509/revocation-reason.ts';
import { Dice, mutateOctets, mutateTree } from './mutate.ts';
import { seed } from './resigned.ts';

/** `COUNTERSIGN_FUZZ_MUTANTS` makes a longer run. */
const mutants = Number(process.env.COUNTERSIGN_FUZZ_MUTANTS ?? 80_000) / 4;
const serial = (at: number) => Uint8Array.of(0x42, at, ...new Uint8Array(at));
const sources = [
  testCrl(),
  testCrl({ revoked: revocationReasons.map((reason, at) => ({ serial: serial(at), revokedAt: now - at, reason })) }),
  testCrl({ nextUpdate: Date.UTC(2050, 0, 1) / 1000, revoked: [{ serial: serial(9), revokedAt: now }] }, 'ed25519'),
].map(({ crl }) => crl);

/** Accepted mutants, and how often each field refuses one; anything but a CertificateError is thrown. */
function outcomes() {
  const dice = new Dice(seed);
  const accepted: { readonly der: Uint8Array; readonly crl: Crl }[] = [];
  const fields = new Map<string, number>();
  for (let i = 0; i < mutants; i++) {
    const source = sources[i % sources.length] ?? new Uint8Array();
    const der = dice.below(3) === 0 ? mutateOctets(source, dice) : mutateTree(source, dice);
    try {
      accepted.push({ der, crl: readCrl(der) });
    } catch (thrown) {
      if (!(thrown instanceof CertificateError))
        throw new Error(`an untyped error for ${Buffer.from(der).toString('base64')}`, { cause: thrown });
      fields.set(thrown.field, (fields.get(thrown.field) ?? 0) + 1);
    }
  }
  return { accepted, fields };
}

const hex = (octets: Uint8Array | undefined) => Buffer.from(octets ?? []).toString('hex');
/** Two's complement, in hex, as Go prints a number. */
const decimal = (octets: string) => BigInt.asIntN(octets.length * 4, BigInt(`0x${octets}`)).toString();

/** It reads no object identifier with an arc of 2^31 or more. */
const goIsStricter = /^x509: malformed OID$/;

/** What Go reads of it, in the words of statuscheck. */
const inGo = ({ issuer, number, thisUpdate, nextUpdate, authorityKeyId, extensions, revoked }: Crl) => ({
  error: '',
  signature: '',
  issuer: hex(issuer),
  number: decimal(hex(number)),
  thisUpdate,
  nextUpdate,
  authorityKeyId: hex(authorityKeyId?.keyId),
  extensions,
  critical: 0,
  revoked: [...revoked].map(([each, { revokedAt, reason = 'unspecified', extensions: count }]) => ({
    serial: decimal(each),
    revokedAt,
    reason: reasonNumber(reason),
    extensions: count,
  })),
});

describeWith(['go:statuscheck'], `${mutants} mutants of CRLs`, (path) => {
  let all: ReturnType<typeof outcomes> = { accepted: [], fields: new Map() };
  beforeAll(() => {
    all = outcomes();
  }, 120_000);

  it('are read, or refused by the field', () => {
    // The mutants reached every depth of the reader, or this test shows nothing.
    for (const field of ['certificateList', 'version', 'signature', 'issuer', 'thisUpdate', 'revokedCertificates'])
      expect(all.fields.get(field) ?? 0, field).toBeGreaterThan(mutants / 2000);
    for (const field of ['reasonCode', 'crlExtensions', 'cRLNumber', 'authorityKeyIdentifier'])
      expect(all.fields.get(field) ?? 0, field).toBeGreaterThan(mutants / 2000);
    expect(all.accepted.length).toBeGreaterThan(mutants / 20);
  });

  it('say to Go what they say to us, where we read them', () => {
    const input = JSON.stringify(all.accepted.map(({ der }) => ({ crl: Buffer.from(der).toString('base64') })));
    const output = execFileSync(path('go:statuscheck'), { input, encoding: 'utf8', maxBuffer: 256 << 20 });
    const verdicts: readonly { readonly error: string }[] = JSON.parse(output);
    const disputed = all.accepted.flatMap(({ der, crl }, at) => {
      const verdict = verdicts[at];
      const agreed = JSON.stringify(verdict) === JSON.stringify(inGo(crl));
      return agreed || goIsStricter.test(verdict?.error ?? '')
        ? []
        : [{ verdict, ours: inGo(crl), der: Buffer.from(der).toString('base64') }];
    });
    expect(disputed).toEqual([]);
  });
});
