import { execFileSync, spawnSync } from 'node:child_process';
import type { VerifiedCsr } from '#x509/csr/verified-csr.ts';

/** A request that we accept, and the names that we found in it. */
export interface Accepted {
  readonly der: Uint8Array;
  readonly names: readonly string[];
}

/** Names in the words of csrcheck. */
export const namesOf = ({ subject, sans }: VerifiedCsr) => [
  ...(subject.commonName ? [`cn:${subject.commonName}`] : []),
  ...sans.filter(({ kind }) => kind !== 'other').map(({ kind, value }) => `${kind}:${value}`),
];

/** What Go refuses and we take, each for a reason. */
const goIsStricter: readonly RegExp[] = [
  // It wants a URL whose host is one in DNS; we compare the octets of a URI with the caller's identity.
  /^x509: cannot parse URI /,
  // It reads no object identifier with an arc of 2^31 or more.
  /^asn1: structure error: base 128 integer too large$/,
];

/** Those of which Go reads other names than we do, or that it refuses. `program`: csrcheck. */
export function disputedByGo(program: string, accepted: readonly Accepted[]): readonly unknown[] {
  const input = accepted.map(({ der }) => Buffer.from(der).toString('base64')).join('\n');
  const verdicts = execFileSync(program, { input: `${input}\n`, encoding: 'utf8', maxBuffer: 1 << 26 })
    .trimEnd()
    .split('\n');
  if (verdicts.length !== accepted.length) throw new Error(`${verdicts.length} verdicts on ${accepted.length}`);
  return accepted.flatMap(({ der, names }, i) => {
    const [verdict, ...theirs] = (verdicts[i] ?? '').split('\t');
    const agreed =
      verdict === 'taken'
        ? theirs.toSorted().join() === names.toSorted().join()
        : goIsStricter.some((reason) => reason.test(theirs.join()));
    return agreed ? [] : [{ verdict: verdicts[i], names, der: Buffer.from(der).toString('base64') }];
  });
}

/** What OpenSSL says against some 300 of them. */
export function refusedByOpenssl(program: string, accepted: readonly Accepted[]): readonly string[] {
  const step = Math.ceil(accepted.length / 300);
  return accepted
    .filter((_, i) => i % step === 0)
    .map(({ der }) => {
      const { status, stderr } = spawnSync(program, ['req', '-inform', 'DER', '-verify', '-noout'], {
        input: der,
        encoding: 'utf8',
      });
      return status === 0 ? '' : `${stderr} ${Buffer.from(der).toString('base64')}`;
    })
    .filter((each) => each !== '');
}
