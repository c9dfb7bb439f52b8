import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, it } from 'vitest';

/**
 * Outside judges: programs and data that somebody's machine may lack. A test that needs one is skipped by name,
 * saying how to get it; with CI=true or COUNTERSIGN_REQUIRE_ORACLES=1 it fails instead.
 */
export type Oracle =
  | { readonly available: true; readonly path: string }
  | { readonly available: false; readonly how: string; readonly required: boolean };

/** `go:NAME` is the program of test/go/NAME, built on first use; `set:NAME` the folder that scripts/go-programs NAME fills. */
export type OracleName = keyof typeof judges | `go:${string}` | `set:${string}`;

interface Judge {
  find(): string | undefined;
  /** What to do where it is missing. */
  readonly how: string;
  /** Nobody can install it, so not even CI demands it. */
  readonly neverRequired?: true;
}

export const repository = join(import.meta.dirname, '..');
const cache =
  process.env.COUNTERSIGN_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'countersign');
const oracles = join(cache, 'oracles');

const existing = (...paths: string[]) => paths.find((path) => existsSync(path));
const onPath = (program: string) =>
  existing(...(process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, program)));

const hasPostgres = (folder: string | undefined) => folder !== undefined && existsSync(join(folder, 'initdb'));

/** The newest that Debian has put there, or what is on the path. */
function postgresOfSystem(): string | undefined {
  if (!existsSync('/usr/lib/postgresql')) return onPath('initdb')?.replace(/\/initdb$/, '');
  return readdirSync('/usr/lib/postgresql')
    .sort((left, right) => Number(right) - Number(left))
    .map((version) => join('/usr/lib/postgresql', version, 'bin'))
    .find(hasPostgres);
}

/** What a program says; undefined where it fails. */
function answerOf(program: string, ...words: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return status === 0 ? stdout.trim() : undefined;
}

const judges = {
  zlint: { find: () => existing(join(oracles, 'bin', 'zlint-v3.6.1')), how: 'run scripts/oracles' },
  /** The Python of a virtual environment that has pkilint. */
  pkilint: {
    find: () =>
      existsSync(join(oracles, 'pkilint-0.13.3', 'complete'))
        ? join(oracles, 'pkilint-0.13.3', 'bin', 'python')
        : undefined,
    how: 'run scripts/oracles',
  },
  /** The Python of a virtual environment that reads what exports write: pyarrow, duckdb, parsers of syslog, CEF and OTLP. */
  'export-readers': {
    find: () =>
      existsSync(join(oracles, 'export-readers-1', 'complete'))
        ? join(oracles, 'export-readers-1', 'bin', 'python')
        : undefined,
    how: 'run scripts/oracles',
  },
  /** The Python of a virtual environment that has pySigma with backends, and models of OCSF. */
  'detection-readers': {
    find: () =>
      existsSync(join(oracles, 'detection-readers-1', 'complete'))
        ? join(oracles, 'detection-readers-1', 'bin', 'python')
        : undefined,
    how: 'run scripts/oracles',
  },
  pdftotext: { find: () => onPath('pdftotext'), how: 'install the package poppler-utils' },
  jq: { find: () => onPath('jq'), how: 'install the package jq' },
  envoy: { find: () => existing(join(oracles, 'bin', 'envoy-1.40.0')), how: 'run scripts/oracles' },
  go: { find: () => onPath('go'), how: 'install Go 1.24 or later: https://go.dev/dl' },
  openssl: { find: () => onPath('openssl'), how: 'install the package openssl' },
  /** The PKCS#11 module; its tool `softhsm2-util` comes in the same package. */
  softhsm: {
    find: () =>
      existing(
        '/usr/lib/softhsm/libsofthsm2.so',
        '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
        '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
        '/usr/lib64/pkcs11/libsofthsm2.so',
        '/usr/local/lib/softhsm/libsofthsm2.so',
        '/opt/homebrew/lib/softhsm/libsofthsm2.so',
      ),
    how: 'install the package softhsm2',
  },
  /** Folder with initdb, postgres, pg_basebackup, pg_dump and pg_restore; Debian keeps it off the path. */
  postgres: {
    find: () => [process.env.COUNTERSIGN_POSTGRES ?? postgresOfSystem()].find(hasPostgres),
    how: 'install the package postgresql, or let COUNTERSIGN_POSTGRES name the folder of its programs',
  },
  /** Folder with the newest major, laid out as in the Python package that it comes in; see test/support/postgres/readable.ts. */
  'postgres-18': { find: () => existing(join(oracles, 'postgresql-18.6.3')), how: 'run scripts/oracles' },
  /** Folder that packages of Debian were extracted into. */
  pgbouncer: {
    find: () => (existsSync(join(oracles, 'pgbouncer/usr/sbin/pgbouncer')) ? join(oracles, 'pgbouncer') : undefined),
    how: 'run scripts/oracles',
  },
  /** Folder with limbo.json and others; see test/x509/chain for the cases that a clone carries. */
  'shared-vectors': {
    find: () => existing(join(repository, '..', 'shared', 'vectors')),
    how: 'put the test vectors beside the repository, as ../shared/vectors',
    neverRequired: true,
  },
  promtool: {
    find: () => existing(join(oracles, 'bin', 'promtool')) ?? onPath('promtool'),
    how: 'run scripts/oracles, or install Prometheus',
  },
  /** Folder that packages of Debian were extracted into. */
  rsyslog: {
    find: () => (existsSync(join(oracles, 'rsyslog/usr/sbin/rsyslogd')) ? join(oracles, 'rsyslog') : undefined),
    how: 'run scripts/oracles',
  },
  /** Folder with the definitions of ServiceMonitor and PrometheusRule. */
  'prometheus-operator': {
    find: () =>
      existsSync(join(oracles, 'prometheus-operator-v0.85.0', 'complete'))
        ? join(oracles, 'prometheus-operator-v0.85.0')
        : undefined,
    how: 'run scripts/oracles',
  },
  /** For what is loaded before libc, which only Linux does so. */
  cc: {
    find: () => (process.platform === 'linux' ? onPath('cc') : undefined),
    how: 'on Linux, install the packages gcc and libc6-dev',
  },
  h2load: { find: () => onPath('h2load'), how: 'install the package nghttp2-client' },
  /** Folder with etcd, kube-apiserver and kubectl. */
  'control-plane': {
    find: () => answerOf(join(repository, 'scripts', 'control-plane'), '--find'),
    how: 'run scripts/control-plane (needs Go and, once, ten minutes), or set KUBEBUILDER_ASSETS',
  },
} as const satisfies Record<string, Judge>;

function pathOf(name: OracleName): string {
  const answer = oracle(name);
  if (!answer.available) throw new Error(`${name} is missing: ${answer.how}`);
  return answer.path;
}

const found = new Map<OracleName, Oracle>();

export function oracle(name: OracleName): Oracle {
  const known = found.get(name);
  if (known) return known;
  const answer = find(name);
  found.set(name, answer);
  return answer;
}

function find(name: OracleName): Oracle {
  if (isJudge(name)) return look(judges[name]);
  return name.startsWith('set:') ? goSet(name.slice('set:'.length)) : goProgram(name.slice('go:'.length));
}

const isJudge = (name: OracleName): name is keyof typeof judges => name in judges;

function look(judge: Judge): Oracle {
  const path = judge.find();
  return path === undefined
    ? { available: false, how: judge.how, required: judge.neverRequired !== true }
    : { available: true, path };
}

/** Sets whose modules may cease to be served: not even CI demands them. */
const perishable: readonly string[] = ['pilot-agent'];

function goSet(name: string): Oracle {
  const path = answerOf(join(repository, 'scripts', 'go-programs'), name, '--find');
  const how = `run scripts/go-programs ${name} (needs Go and, once, minutes)`;
  return path === undefined
    ? { available: false, how, required: !perishable.includes(name) }
    : { available: true, path };
}

/** Built under the hash of all sources, so that an old binary is never asked and two builders never meet half way. */
function goProgram(name: string): Oracle {
  const go = oracle('go');
  if (!go.available) return go;
  const module = join(repository, 'test', 'go');
  const path = join(oracles, 'bin', `${name}-${sourceHash(module, name)}`);
  if (existsSync(path)) return { available: true, path };
  mkdirSync(join(oracles, 'bin'), { recursive: true });
  const fresh = `${path}.${process.pid}`;
  try {
    execFileSync(go.path, ['build', '-o', fresh, `./${name}`], { cwd: module, stdio: 'pipe' });
  } catch (thrown) {
    return { available: false, how: `go build ./${name} in test/go: ${String(thrown)}`, required: true };
  }
  renameSync(fresh, path);
  return { available: true, path };
}

function sourceHash(module: string, name: string): string {
  const hash = createHash('sha256');
  const files = ['go.mod', 'go.sum', ...readdirSync(join(module, name)).map((file) => join(name, file))];
  for (const file of files.filter((each) => existsSync(join(module, each)))) {
    hash.update(file).update(readFileSync(join(module, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

const demanded = process.env.CI === 'true' || process.env.COUNTERSIGN_REQUIRE_ORACLES === '1';

/**
 * `describe`, where all named oracles are there; `body` asks for their paths by name. Otherwise one skipped (or, where
 * oracles are demanded, failing) group whose name says what is missing.
 */
export function describeWith<Name extends OracleName>(
  names: readonly Name[],
  title: string,
  body: (path: (name: Name) => string) => void,
): void {
  const absent = names.flatMap((name) => {
    const answer = oracle(name);
    return answer.available ? [] : [{ name, ...answer }];
  });
  if (absent.length === 0) {
    describe(title, () => body(pathOf));
    return;
  }
  const why = absent.map(({ name, how }) => `needs ${name}: ${how}`).join('; ');
  if (demanded && absent.some(({ required }) => required)) {
    describe(title, () => {
      it(why, () => {
        throw new Error(why);
      });
    });
    return;
  }
  describe.skip(`${title} (${why})`, () => {
    it('is skipped', () => {});
  });
}
