import { fileURLToPath } from 'node:url';
import type { Problem } from '#document/problem.ts';
import type { Path } from '#document/source.ts';
import { callersUnlessTold, kubernetesFields } from './callers.ts';
import type { IstioCsrValues } from './line.ts';
import { certManagerFields, outsideIssuer } from './outside-issuer.ts';
import { type Setting, settingsOf } from './settings.ts';

/** A problem of the file, at its line. */
export type ProblemAt = (path: Path, message: string) => Problem;

export interface Overlaid {
  readonly content: Content;
  readonly settings: readonly Setting[];
  /** Where the file and a flag both say something. */
  readonly problems: readonly Problem[];
}

type Content = Record<string, unknown>;

/** Istiod's own limits, under the lifetime that the flag gives. */
const shippedPolicy = fileURLToPath(new URL('../../../policies/istio.yaml', import.meta.url));

/**
 * The configuration that the flags and the file make together. The file holds what istio-csr's flags have no word for;
 * what a flag decides is decided there alone, so that nobody reads one place and gets the other.
 */
export function overlay(
  file: Content,
  values: IstioCsrValues,
  env: Readonly<Record<string, string | undefined>>,
  problem: ProblemAt,
): Overlaid {
  const content = structuredClone(file);
  const problems: Problem[] = [];
  const settings = settingsOf(values).filter(({ value }) => value !== undefined);
  for (const setting of settings) {
    if (put(content, setting.path, setting.value)) continue;
    problems.push(problem(setting.path, `${decidedBy(setting)}: leave it out here`));
  }
  problems.push(...outside(content, values, problem));
  problems.push(...callers(content, values, env.TOKEN_AUDIENCES ?? '', problem), ...roots(content, values, problem));
  content.policies ??= [shippedPolicy];
  return { content, settings, problems };
}

function decidedBy({ flags }: Setting): string {
  if (flags.length === 0) return 'in the place of istio-csr this is always the same';
  return `${flags.map((flag) => `--${flag}`).join(' and ')} ${flags.length === 1 ? 'says' : 'say'} this`;
}

/** False, and nothing done, where the file has a word of its own there. */
function put(content: Content, path: readonly string[], value: unknown): boolean {
  const [key = '', ...rest] = path;
  if (rest.length === 0) {
    if (key in content) return false;
    content[key] = value;
    return true;
  }
  content[key] ??= {};
  const inner = content[key];
  // what is no section there is the schema's to say
  return !isContent(inner) || put(inner, rest, value);
}

/** Pods by their tokens, as ever; client certificates by their flag; what else the file lists comes after. */
function callers(content: Content, values: IstioCsrValues, audiences: string, problem: ProblemAt): readonly Problem[] {
  const problems: Problem[] = [];
  const listed = listOf(content.authenticators);
  for (const [at, entry] of listed.entries()) {
    if (isContent(entry) && 'clientCertificate' in entry)
      problems.push(problem(['authenticators', at], '--enable-client-cert-authenticator says this: leave it out here'));
  }
  const entries = listed.map((entry) =>
    isContent(entry) && isContent(entry.kubernetes) ? entry.kubernetes : undefined,
  );
  const place = entries.findIndex((entry) => entry !== undefined);
  const kubernetes = entries[place] ?? {};
  for (const { field, value, said } of kubernetesFields(values, audiences)) {
    if (put(kubernetes, [field], value)) continue;
    problems.push(problem(['authenticators', place, 'kubernetes', field], `${said} says this: leave it out here`));
  }
  for (const [field, value] of callersUnlessTold) put(kubernetes, [field], value);
  content.authenticators = [
    ...(values['enable-client-cert-authenticator'] ? [{ clientCertificate: {} }] : []),
    ...(place < 0 ? [{ kubernetes }] : []),
    ...listed,
  ];
  return problems;
}

/** The issuer of cert-manager that flags name: the only one, or the fields of the file's own entry that they decide. */
function outside(content: Content, values: IstioCsrValues, problem: ProblemAt): readonly Problem[] {
  if (outsideIssuer(values) === undefined) return [];
  content.issuers ??= [{ name: 'cert-manager', certManager: {} }];
  const listed = listOf(content.issuers);
  const at = listed.findIndex((each) => isContent(each) && isContent(each.certManager));
  const issuer = listed[at];
  if (!isContent(issuer) || !isContent(issuer.certManager)) return [];
  const { certManager } = issuer;
  return certManagerFields(values).flatMap(({ field, value, flag }) => {
    if (put(certManager, [field], value)) return [];
    return [problem(['issuers', at, 'certManager', field], `--${flag} says this: leave it out here`)];
  });
}

/** Whether a file names issuers, none of which is one of cert-manager. */
export function namesOwnIssuersOnly({ issuers }: Content): boolean {
  return issuers !== undefined && !listOf(issuers).some((each) => isContent(each) && 'certManager' in each);
}

function roots(content: Content, values: IstioCsrValues, problem: ProblemAt): readonly Problem[] {
  const file = values['root-ca-file'];
  if (file === '') return [];
  return listOf(content.issuers).flatMap((issuer, at) => {
    if (!isContent(issuer) || put(issuer, ['roots'], file)) return [];
    return [problem(['issuers', at, 'roots'], '--root-ca-file says this: leave it out here')];
  });
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const isContent = (value: unknown): value is Content =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
