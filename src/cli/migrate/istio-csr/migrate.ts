import { stringify } from 'yaml';
import { openSource } from '#document/source.ts';
import type { Input } from '../../command/command.ts';
import type { Exit } from '../../exit.ts';
import { Failure } from '../../failure.ts';
import { FlagError } from '../../istio-csr/flags/parse.ts';
import { nameOfInput, readInput } from '../../read-input.ts';
import { plainLines } from '../../terminal/plain.ts';
import type { Terminal } from '../../terminal/terminal.ts';
import type { migrateOptions } from '../options.ts';
import { chartFirst, chartValues } from './chart-values.ts';
import type { Found } from './found.ts';
import { fromDeployment } from './from-deployment.ts';
import { fromValues } from './from-values.ts';
import { type Translation, translate } from './translation.ts';

export async function runMigrate({ options }: Input<typeof migrateOptions>, terminal: Terminal): Promise<Exit> {
  const found = find(options.values, options.deployment);
  const translation = options.for === 'chart' ? forChart(found) : translated(found);
  if (options.json) terminal.printJson(translation);
  else terminal.print(asDocument(translation));
  const left = [...translation.unknown, ...translation.notHonoured];
  for (const sentence of left) terminal.note(plainLines(sentence));
  return left.length === 0 ? 'ok' : 'no';
}

function find(values: string | undefined, deployment: string | undefined): Found {
  if (values !== undefined && deployment === undefined) return fromValues(contentOf(values));
  if (deployment !== undefined && values === undefined)
    return fromDeployment(contentOf(deployment), nameOfInput(deployment));
  throw new Failure('usage', 'exactly one of --values and --deployment says what to come from');
}

/** YAML, and so JSON. */
const contentOf = (file: string) => openSource(readInput(file).toString('utf8'), nameOfInput(file)).content;

function translated(found: Found): Translation {
  try {
    return translate(found);
  } catch (thrown) {
    if (!(thrown instanceof FlagError)) throw thrown;
    throw new Failure('input', thrown.message, 'istio-csr itself would not start with this', { cause: thrown });
  }
}

type ForChart = Omit<Translation, 'config'> & { readonly values: Readonly<Record<string, unknown>> };

/** The chart makes the configuration itself: what has to be done first is less. */
function forChart(found: Found): ForChart {
  const { config: _, ...words } = translated(found);
  const { values, unsaid } = chartValues(found);
  return { ...words, values, first: chartFirst, notHonoured: [...words.notHonoured, ...unsaid] };
}

/** One YAML file: the words as comments above what they are about. */
function asDocument(translation: Translation | ForChart): string {
  const words = translation;
  const content = 'values' in translation ? translation.values : translation.config;
  const sections = [
    ['What has to be done first', words.first],
    ['What will differ', words.differs],
    ['What changes nothing here', words.withoutEffect],
    ['What is not in this version', words.notHonoured],
    ['What is not known', words.unknown],
  ] as const;
  const comments = sections
    .filter(([, sentences]) => sentences.length > 0)
    .map(([title, sentences]) => `# ${title}:\n${sentences.map(comment).join('\n')}\n#\n`);
  return `${comments.join('')}${stringify(content, { lineWidth: 0 })}`.trimEnd();
}

/** What came from a file stays in its comment, whatever it holds. */
const comment = (sentence: string) => `#   - ${plainLines(sentence).replace(/[\r\n]+/g, ' ')}`;
