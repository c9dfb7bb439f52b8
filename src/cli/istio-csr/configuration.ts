import { stringify } from 'yaml';
import { type LoadedConfig, parseConfig } from '#config/load.ts';
import { DocumentError, type Problem } from '#document/problem.ts';
import { openSource, type Path } from '#document/source.ts';
import { Failure } from '../failure.ts';
import { checkValues } from './check.ts';
import { FlagError } from './flags/parse.ts';
import { notHonoured } from './honour.ts';
import type { IstioCsrValues } from './line.ts';
import { outsideIssuer } from './outside-issuer.ts';
import { namesOwnIssuersOnly, type Overlaid, overlay, type ProblemAt } from './overlay.ts';

export interface ConfigFile {
  /** Absolute: where relative paths begin. */
  readonly path: string;
  readonly text: string;
}

/** What a file would say of the log, where there is none. */
export type LogSection = Readonly<Record<string, unknown>>;

/**
 * The configuration of a server in istio-csr's place, through the same checks as a file of our own. Throws FlagError
 * with every flag that is wrong or asks for what is not there, and DocumentError about the file.
 */
export function configuration(
  values: IstioCsrValues,
  file: ConfigFile,
  env: Readonly<Record<string, string | undefined>>,
): LoadedConfig {
  demandFlags(values);
  const source = openSource(file.text, file.path);
  const { content } = source;
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new DocumentError([source.problem([], 'the file holds no configuration')]);
  demandAgreement(values, { ...content });
  const overlaid = overlay({ ...content }, values, env, source.problem);
  if (overlaid.problems.length > 0) throw new DocumentError(overlaid.problems);
  return parsed(overlaid, file, source.problem);
}

function parsed(overlaid: Overlaid, file: ConfigFile, problem: ProblemAt): LoadedConfig {
  try {
    return parseConfig(stringify(overlaid.content, { lineWidth: 0, aliasDuplicateObjects: false }), file.path);
  } catch (thrown) {
    if (!(thrown instanceof DocumentError)) throw thrown;
    throw asWritten(thrown.problems, overlaid, problem);
  }
}

/** Problems at what somebody wrote: the flag, or the line of the file. */
function asWritten(problems: readonly Problem[], { settings }: Overlaid, problem: ProblemAt): Error {
  const ofFlags = problems.flatMap(({ path, message }) => {
    const setting = settings.find(({ path: own }) => path === own.join('.') || path.startsWith(`${own.join('.')}[`));
    return setting === undefined || setting.flags.length === 0 ? [] : [{ path, flag: setting.flags[0], message }];
  });
  if (ofFlags.length > 0)
    return new FlagError(ofFlags.flatMap(({ flag, message }) => (flag === undefined ? [] : [{ flag, message }])));
  return new DocumentError(
    problems.map(({ path, message, suggestion }) => ({
      ...problem(steps(path), message),
      ...(suggestion !== undefined && { suggestion }),
    })),
  );
}

/** `issuers[0].key` as keys and indexes. */
function steps(path: string): Path {
  return [...path.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([word, index]) => (index === undefined ? word : Number(index)));
}

/** The same of flags alone, which have to name an issuer of cert-manager. `home`: where relative paths begin. */
export function flagsAlone(
  values: IstioCsrValues,
  home: string,
  audit: () => LogSection,
  env: Readonly<Record<string, string | undefined>>,
): LoadedConfig {
  demandFlags(values);
  if (outsideIssuer(values) === undefined) throw missingFile();
  const text = stringify({ apiVersion: 'countersign.dev/v1', kind: 'ServerConfig', audit: audit() });
  return configuration(values, { path: `${home}/countersign.yaml`, text }, env);
}

function demandFlags(values: IstioCsrValues): void {
  const wrong = [...checkValues(values), ...notHonoured(values)];
  if (wrong.length > 0) throw new FlagError(wrong);
}

/** Nothing signs with keys of the file where flags say that cert-manager signs. */
function demandAgreement(values: IstioCsrValues, content: Record<string, unknown>): void {
  const issuer = outsideIssuer(values);
  if (issuer === undefined || !namesOwnIssuersOnly(content)) return;
  const message = `${issuer.words} is to sign, and the file names issuers of its own: leave those out, or give --issuer-enabled=false and no ConfigMap`;
  throw new FlagError([{ flag: issuer.flag, message }]);
}

function missingFile(): Failure {
  return new Failure(
    'input',
    "flags that name no issuer of cert-manager's do not say who signs",
    'write issuers and audit into a file and name it with --config, or mount it as countersign.yaml in the home; docs/istio-csr.md shows one',
  );
}
