import { stringify } from 'yaml';
import { parseConfig } from '#config/load.ts';
import { checkValues } from '../../istio-csr/check.ts';
import { FlagError, readLine } from '../../istio-csr/flags/parse.ts';
import { istioCsrFlags } from '../../istio-csr/flags/table.ts';
import { notHonoured } from '../../istio-csr/honour.ts';
import type { IstioCsrValues } from '../../istio-csr/line.ts';
import { notesOn } from '../../istio-csr/notes.ts';
import { outsideIssuer } from '../../istio-csr/outside-issuer.ts';
import { overlay } from '../../istio-csr/overlay.ts';
import { differences } from './differences.ts';
import { firstSteps } from './first-steps.ts';
import type { Found } from './found.ts';

export interface Translation {
  readonly config: Readonly<Record<string, unknown>>;
  /** What has to be done before it can serve. */
  readonly first: readonly string[];
  readonly differs: readonly string[];
  readonly withoutEffect: readonly string[];
  /** What was asked for and is not in this version. */
  readonly notHonoured: readonly string[];
  readonly unknown: readonly string[];
}

/** What `countersign serve` needs besides what flags say; relative paths count from the file that this is written to. */
const places = {
  apiVersion: 'countersign.dev/v1',
  kind: 'ServerConfig',
  policies: ['policies/istio.yaml'],
  audit: {
    directory: 'audit',
    origin: 'audit.mesh.internal/istio',
    key: { file: { path: 'audit/log.key' } },
    publish: 'audit/log',
  },
};

/** Throws FlagError or DocumentError where what is asked for cannot be configured at all. */
export function translate(found: Found): Translation {
  const { values, given, problems } = readLine(istioCsrFlags, found.words);
  const ofValues = problems.filter(({ flag }) => flag !== undefined);
  const wrong = [...ofValues, ...checkValues(values)];
  if (wrong.length > 0) throw new FlagError(wrong);
  const issuers = outsideIssuer(values) === undefined ? { issuers: [ownIssuer(values)] } : {};
  const { content } = overlay({ ...places, ...issuers }, values, found.env, notThere);
  // The same checks as for a file of somebody's own.
  parseConfig(stringify(content), '/countersign.yaml', 'the configuration made of it');
  return {
    config: content,
    first: firstSteps(values, found),
    differs: [...differences(values), ...found.differs],
    withoutEffect: notesOn(given, values),
    notHonoured: notHonoured(values).map(({ flag, message }) => `--${flag}: ${message}`),
    unknown: [...found.unknown, ...problems.filter(({ flag }) => flag === undefined).map(({ message }) => message)],
  };
}

function ownIssuer(values: IstioCsrValues) {
  const issuer = { name: 'mesh', certificate: 'issuers/mesh.pem', key: { file: { path: 'issuers/mesh.key' } } };
  return { ...issuer, ...(values['root-ca-file'] === '' && { roots: 'roots.pem' }) };
}

/** Nothing in `places` is a flag's to say. */
function notThere(path: readonly (string | number)[], message: string): never {
  throw new TypeError(`${path.join('.')}: ${message}`);
}
