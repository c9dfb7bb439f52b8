import { existsSync, readFileSync } from 'node:fs';
import { Malformed } from '#audit/malformed.ts';
import { readKept } from '../audit/kept.ts';
import { demandOne, postgresNamed, type SourceOptions } from '../audit/log-source.ts';
import { readTrust } from '../audit/trust.ts';
import type { Input } from '../command/command.ts';
import { Failure } from '../failure.ts';
import type { Beside, EvidenceLog } from './evidence-log.ts';
import type { makeOptions } from './options.ts';
import { publishedEvidence } from './published.ts';

type MakeInput = Input<typeof makeOptions>;

/** What is named; of a home what it publishes, else the PostgreSQL that its log is in. Throws Failure. */
export async function openLog({
  options,
  home,
}: MakeInput): Promise<{ readonly log: EvidenceLog; readonly beside: Beside }> {
  demandOne(options);
  const trust = readTrust(options, home);
  const beside: Beside = {
    trust,
    kept: readKept(options.kept, trust.vkey).map((each) => ({ ...each, note: readFileSync(each.file, 'utf8') })),
    archive: options.archive,
    note: options.checkpoint === undefined ? undefined : readFileSync(options.checkpoint, 'utf8'),
  };
  return { log: await signed(options.checkpoint, () => open(options, home, beside)), beside };
}

async function open({ log, store }: SourceOptions, home: MakeInput['home'], beside: Beside): Promise<EvidenceLog> {
  if (log !== undefined) return publishedEvidence(log, beside);
  if (store === undefined && existsSync(home.log)) return publishedEvidence(home.log, beside);
  const settings = await postgresNamed(store, home);
  if (settings === undefined) throw new Failure('input', `${home.log}: there is no published log`, 'give --log DIR');
  return (await import('./shared.ts')).sharedEvidence(settings, beside);
}

async function signed(file: string | undefined, opened: () => Promise<EvidenceLog>): Promise<EvidenceLog> {
  try {
    return await opened();
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    const where = file === undefined ? '' : `${file}: `;
    throw new Failure('no', `${where}${cause.message}`, undefined, { cause });
  }
}
