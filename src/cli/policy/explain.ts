import { parseDuration } from '#document/scalars.ts';
import { type Explanation, explain, type Step } from '#policy/explain.ts';
import { policySet } from '#policy/set.ts';
import { Refusal } from '#refusal/refusal.ts';
import { VerifiedCsr } from '#x509/csr/verified-csr.ts';
import { KeyStrength } from '#x509/keys/key-strength.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import { readInput } from '../read-input.ts';
import { stamp } from '../terminal/duration.ts';
import { plain } from '../terminal/plain.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { explainOptions } from './options.ts';
import { questionFor } from './question.ts';
import { policySources } from './sources.ts';

type ExplainInput = Input<typeof explainOptions>;

export async function runExplain(input: ExplainInput, terminal: Terminal): Promise<Exit> {
  const explanation = await explanationOf(input);
  if (input.options.json) terminal.printJson(explanationJson(explanation));
  else printExplanation(explanation, terminal);
  return explanation.answer instanceof Refusal ? 'no' : 'ok';
}

async function explanationOf({ options, operands, home }: ExplainInput): Promise<Explanation> {
  const set = policySet(policySources(options.policies, home), Date.now());
  const ttl = secondsOf(options.ttl ?? '0s');
  const pem = readInput(operands[0] ?? '-').toString('latin1');
  try {
    const csr = await VerifiedCsr.read(pem, { keyStrength: new KeyStrength(), ownKeys: new Set() });
    return explain(questionFor(csr, options, ttl, Date.now()), set);
  } catch (thrown) {
    // The CSR reader and the identity's grammar come before any policy, here as in the server.
    if (thrown instanceof Refusal) return { answer: thrown, steps: [] };
    throw thrown;
  }
}

function secondsOf(text: string): number {
  try {
    return parseDuration(text);
  } catch (thrown) {
    if (thrown instanceof RangeError) throw new Failure('usage', `--ttl: ${thrown.message}`);
    throw thrown;
  }
}

function printExplanation({ answer, steps }: Explanation, terminal: Terminal): void {
  const { style } = terminal;
  for (const step of steps) terminal.print(stepLine(step, terminal));
  if (steps.length > 0) terminal.print('');
  if (answer instanceof Refusal) {
    terminal.print(`${style.bad('refused')}  ${answer.code}\n  ${plain(answer.message)}`);
    return;
  }
  terminal.print(`${style.good('permitted')}  by ${answer.policy}, until ${stamp(answer.notAfter * 1000)}`);
}

function stepLine({ stage, policy, check, ok, detail }: Step, { style }: Terminal): string {
  const mark = ok ? style.good('✓') : style.bad('✗');
  const where = policy === undefined ? stage : `${stage} ${style.name(policy)}`;
  return `${mark} ${where}: ${check}  ${style.dim(plain(detail))}`;
}

function explanationJson({ answer, steps }: Explanation) {
  if (answer instanceof Refusal) {
    return { decision: 'deny', code: answer.code, message: answer.message, detail: answer.detail, steps };
  }
  return { decision: 'allow', permit: answer, steps };
}
