import { existsSync, readFileSync } from 'node:fs';
import { parseDuration } from '#document/scalars.ts';
import { Refusal } from '#refusal/refusal.ts';
import { parseSpiffeId } from '#spiffe/spiffe-id.ts';
import type { OptionValues } from '../command/options.ts';
import { Failure } from '../failure.ts';
import type { Home } from '../home.ts';
import type { issueOptions } from './options.ts';
import type { CertificateRequestOptions } from './request-certificate.ts';
import { parseKeyKind } from './workload-key.ts';

type Given = OptionValues<typeof issueOptions>;

/** What the command line leaves open comes from the environment, then from the home's env file. Throws Failure. */
export function completeOptions(given: Given, home: Home, env: NodeJS.ProcessEnv): CertificateRequestOptions {
  const fromHome = home.readEnv();
  const fallback = (name: string) => env[name] || fromHome.get(name) || undefined;
  const address = given.address ?? fallback('CA_ADDR');
  if (address === undefined) throw missing('--address HOST:PORT', 'CA_ADDR', home);
  if (given.proof && given.out === undefined) throw new Failure('usage', '--proof goes with --out DIR');
  const token = given['token-file'] ?? (given['client-cert'] === undefined ? fallback('TOKEN_FILE') : undefined);
  const clientCertificate = readClientCertificate(given);
  return {
    address,
    roots: readFileSync(given['ca-root'] ?? fallback('CA_ROOT_CA') ?? rootsOf(home)),
    identity: identityOf(given.identity ?? fallback('SPIFFE_ID'), home),
    keyKind: parseKeyKind(given['key-type'] ?? 'ec:P-256'),
    ttl: seconds(given.ttl ?? '0s', '--ttl'),
    timeoutMs: seconds(given.timeout ?? '20s', '--timeout') * 1000,
    wantsProof: given.proof,
    ...(token === undefined ? {} : { token: readToken(token) }),
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
  };
}

function missing(option: string, variable: string, home: Home): Failure {
  return new Failure(
    'usage',
    `give ${option}: neither ${variable} nor ${home.env} says it`,
    '`countersign issue --help` says more.',
  );
}

function rootsOf(home: Home): string {
  if (!existsSync(home.roots)) throw missing('--ca-root FILE', 'CA_ROOT_CA', home);
  return home.roots;
}

function identityOf(text: string | undefined, home: Home): string {
  if (text === undefined) throw missing('--identity SPIFFE_ID', 'SPIFFE_ID', home);
  try {
    return parseSpiffeId(text);
  } catch (thrown) {
    if (thrown instanceof Refusal) throw new Failure('usage', `--identity ${text}: ${thrown.message}`);
    throw thrown;
  }
}

function readToken(file: string): string {
  const token = readFileSync(file, 'utf8').trim();
  if (token === '' || /[^\x21-\x7e]/.test(token)) throw new Failure('input', `${file}: holds no token on one line`);
  return token;
}

function readClientCertificate(given: Given): { chain: Buffer; key: Buffer } | undefined {
  const { 'client-cert': chain, 'client-key': key } = given;
  if (chain === undefined && key === undefined) return undefined;
  if (chain === undefined || key === undefined)
    throw new Failure('usage', '--client-cert and --client-key go together');
  return { chain: readFileSync(chain), key: readFileSync(key) };
}

function seconds(text: string, option: string): number {
  try {
    return parseDuration(text);
  } catch (thrown) {
    if (thrown instanceof RangeError) throw new Failure('usage', `${option}: ${thrown.message}`);
    throw thrown;
  }
}
