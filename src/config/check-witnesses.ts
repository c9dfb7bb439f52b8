import { parseWitnessVkey } from '#audit/cosignature.ts';
import { attempt, between, checkUrl, type Report } from './judgement.ts';
import type { ServerConfigText } from './schema/server-config.ts';

export function checkWitnesses({ audit: { witnesses, origin } }: ServerConfigText, report: Report): void {
  if (witnesses === undefined) return;
  const { ask, quorum, policy, timeout, stopAfter } = witnesses;
  const path = ['audit', 'witnesses'];
  if ((policy === undefined) === (ask.length === 0))
    report(path, 'exactly one of ask, policy belongs here: whom to ask, or a file that says so');
  if (policy !== undefined && quorum !== undefined)
    report([...path, 'quorum'], 'the policy says what is enough: leave this out');
  if (ask.length > 0 && quorum !== undefined && quorum > ask.length)
    report([...path, 'quorum'], `${quorum} of ${ask.length} witnesses is more than there are`);
  between(timeout, '1s', '10s', [...path, 'timeout'], report);
  if (stopAfter !== undefined) between(stopAfter, '1m', '30d', [...path, 'stopAfter'], report);
  const names = new Map<string, number>();
  for (const [at, { url, vkeys }] of ask.entries()) {
    checkUrl(url, ['https:', 'http:'], [...path, 'ask', at, 'url'], report);
    for (const [which, vkey] of vkeys.entries())
      attempt(
        () => {
          const { name } = parseWitnessVkey(vkey);
          if (name === origin) throw new RangeError("a log does not witness itself: this key has the log's name");
          if ((names.get(name) ?? at) !== at) throw new RangeError(`${name} is asked already`);
          if (which > 0 && names.get(name) !== at) throw new RangeError('keys of one witness have one name');
          names.set(name, at);
        },
        (problem) => report([...path, 'ask', at, 'vkeys', which], problem),
      );
  }
}
