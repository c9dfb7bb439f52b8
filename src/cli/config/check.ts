import { loadRevocations } from '#authority/revocation/document.ts';
import { loadConfig } from '#config/load.ts';
import type { IssuerConfig } from '#config/sections/issuers.ts';
import type { ServerConfig } from '#config/server-config.ts';
import { loadRuleSet } from '#detection/rule-set.ts';
import { DocumentError, formatProblems } from '#document/problem.ts';
import { loadPolicySet } from '#policy/load.ts';
import type { Input } from '../command/command.ts';
import type { Flag } from '../command/options.ts';
import type { Exit } from '../exit.ts';
import { facts } from '../terminal/facts.ts';
import { plain, plainLines } from '../terminal/plain.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { missingFiles } from './named-files.ts';

interface Checked {
  readonly file: string;
  readonly sha256?: string;
  readonly config?: ServerConfig;
  readonly policySetId?: string;
  /** A line each. */
  readonly problems: readonly string[];
}

export async function runCheck(
  { options, operands, home }: Input<{ readonly json: Flag }>,
  terminal: Terminal,
): Promise<Exit> {
  const checked = check(operands[0] ?? home.config);
  if (options.json) {
    const { file, sha256, policySetId, problems } = checked;
    terminal.printJson({ ok: problems.length === 0, file, sha256, policySetId, problems });
  } else print(checked, terminal);
  return checked.problems.length === 0 ? 'ok' : 'input';
}

function check(file: string): Checked {
  try {
    const { config, sha256 } = loadConfig(file);
    const policies = checkPolicies(config);
    return {
      file,
      sha256,
      config,
      ...policies,
      problems: [
        ...policies.problems,
        ...checkRevocations(config),
        ...checkRules(config),
        ...missingFiles(config, process.env),
      ],
    };
  } catch (thrown) {
    return { file, problems: linesOf(thrown) };
  }
}

function checkPolicies({ policies }: ServerConfig): { policySetId?: string; problems: readonly string[] } {
  try {
    return { policySetId: loadPolicySet(policies, Date.now()).id, problems: [] };
  } catch (thrown) {
    return { problems: linesOf(thrown) };
  }
}

function checkRevocations({ revocation }: ServerConfig): readonly string[] {
  try {
    if (revocation !== undefined) loadRevocations(revocation.documents, Date.now());
    return [];
  } catch (thrown) {
    return linesOf(thrown);
  }
}

function checkRules({ detection }: ServerConfig): readonly string[] {
  try {
    if (detection !== undefined) loadRuleSet(detection.rules);
    return [];
  } catch (thrown) {
    return linesOf(thrown);
  }
}

const shownIssuer = (issuer: IssuerConfig) =>
  `${issuer.name} (${issuer.kind === 'key' ? `key: ${issuer.key.kind}` : `cert-manager, ${issuer.way}`})`;

function linesOf(thrown: unknown): readonly string[] {
  if (thrown instanceof DocumentError) return formatProblems(thrown.problems).split('\n');
  throw thrown;
}

function print({ file, sha256, config, policySetId, problems }: Checked, terminal: Terminal): void {
  const { style, noteStyle } = terminal;
  if (config === undefined || problems.length > 0) {
    terminal.note(plainLines(problems.join('\n')));
    terminal.note(
      noteStyle.bad(`${plain(file)}: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`),
    );
    return;
  }
  const list = facts(
    [
      ['trust domain', config.trustDomain],
      ['Istio door', `${config.istio.listen.host}:${config.istio.listen.port}, as ${config.istio.dialect}`],
      ['callers', config.authenticators.map(({ kind }) => kind).join(', then ')],
      ['issuers', config.issuers.map(shownIssuer)],
      ['policy set', policySetId],
      ['log', `${config.audit.origin}, published in ${config.audit.publish}`],
      ['sha256', sha256],
    ],
    style,
  );
  terminal.print(`${style.good('ok')}  ${plain(file)}\n${list}`);
}
