import { stringify } from 'yaml';
import { ruleSet } from '#detection/rule-set.ts';
import { NotInSigma, sigmaOf } from '#detection/sigma.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { ruleSources } from './sources.ts';

/** Documents of YAML, one after the other; what cannot be is told of beside them. */
export async function runSigma({ operands, home }: Input<Record<never, never>>, terminal: Terminal): Promise<Exit> {
  const set = ruleSet(ruleSources(operands, home));
  let all = true;
  const documents = set.documents.flatMap(({ content }) => {
    try {
      return sigmaOf(content);
    } catch (thrown) {
      if (!(thrown instanceof NotInSigma)) throw thrown;
      all = false;
      terminal.note(terminal.noteStyle.warn(`${content.metadata.name} is not in Sigma: ${thrown.message}`));
      return [];
    }
  });
  if (documents.length > 0) terminal.print(documents.map(sigmaText).join('---\n').trimEnd());
  return all ? 'ok' : 'no';
}

export const sigmaText = (document: object): string => stringify(document, { lineWidth: 0 });
