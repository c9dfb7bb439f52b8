import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initialiseToken } from '#keys/pkcs11/initialise-token.ts';
import type { TokenAddress } from '#keys/pkcs11/token.ts';
import { parsePkcs11Uri } from '#keys/pkcs11/uri.ts';
import { oracle } from '#test/oracles.ts';

const softhsm = oracle('softhsm');
export const softhsmModule = softhsm.available ? softhsm.path : '';

/** SoftHSM with a token directory of its own. The module reads its configuration once: one per process. */
export interface TestToken {
  readonly directory: string;
  readonly address: TokenAddress;
  readonly pin: string;
  readonly soPin: string;
  readonly env: Readonly<Record<string, string>>;
  remove(): void;
}

const label = 'countersign-test';
const pin = '48151623';
const soPin = '42108151';

function softhsmDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-hsm-'));
  mkdirSync(join(directory, 'tokens'));
  const configuration = join(directory, 'softhsm2.conf');
  writeFileSync(
    configuration,
    `directories.tokendir = ${directory}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n`,
  );
  process.env.SOFTHSM2_CONF = configuration;
  writeFileSync(join(directory, 'pin'), `${pin}\n`, { mode: 0o600 });
  writeFileSync(join(directory, 'so-pin'), `${soPin}\n`, { mode: 0o600 });
  return directory;
}

/** Sets SOFTHSM2_CONF for this process and initialises a token through our own `initialiseToken`. */
export async function testToken(): Promise<TestToken> {
  const directory = softhsmDirectory();
  await initialiseToken(softhsmModule, label, { file: join(directory, 'so-pin') }, { file: join(directory, 'pin') });
  return {
    directory,
    address: {
      uri: parsePkcs11Uri(`pkcs11:token=${label}?module-path=${softhsmModule}`),
      pin: { file: join(directory, 'pin') },
    },
    pin,
    soPin,
    env: { SOFTHSM2_CONF: join(directory, 'softhsm2.conf') },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Whether OpenSC's pkcs11-tool is here (apt-get install opensc). */
export const hasPkcs11Tool = spawnSync('pkcs11-tool', ['--version']).error === undefined;

/** OpenSC's pkcs11-tool on a token, as somebody else's eyes and hands. */
export function pkcs11Tool(token: TestToken, ...args: readonly string[]): string {
  return execFileSync(
    'pkcs11-tool',
    ['--module', softhsmModule, '--token-label', label, '--login', '--pin', token.pin, ...args],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...token.env } },
  );
}
