import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCheckpoint } from '#audit/checkpoint.ts';
import { checkpointPath } from '#audit/tiles.ts';
import type { AuditConfig } from '#config/sections/audit.ts';
import { writeDurably } from '#keys/durable-file.ts';
import { demandExtends } from '#store/guard.ts';
import { type MoveSource, type MoveTarget, moveLog, type SignedNote, type SinkCursor } from '#store/move/move-log.ts';
import { postgresSource, postgresTarget } from '#store/postgres/move.ts';
import { asStoreError } from '#store/postgres/open-error.ts';
import { sqliteSource, sqliteTarget } from '#store/sqlite/move.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { auditOf } from './configured.ts';
import type { moveOptions } from './options.ts';
import { cursorsBeside, withCursorsBeside } from './sink-cursors.ts';

export async function runMove({ options }: Input<typeof moveOptions>, terminal: Terminal): Promise<Exit> {
  if (options.from === undefined || options.to === undefined)
    throw new Failure(
      'usage',
      'give both --from and --to: the configuration with the store as it is, and as it shall be',
    );
  const [from, to] = [auditOf(options.from), auditOf(options.to)];
  if (from.origin !== to.origin)
    throw new Failure('input', `${options.to}: its origin is "${to.origin}"; a log keeps its own, "${from.origin}"`);
  if (isSame(from, to)) throw new Failure('input', `${options.from} and ${options.to} name the same store`);
  try {
    await using source = await sourceOf(from);
    if (source.origin !== from.origin)
      throw new Failure('input', `${options.from}: ${source.name} is the log "${source.origin}"`);
    const newest = newestSigned(from, source.signed);
    // A store that is behind what was signed over it is no better elsewhere.
    if (newest !== undefined) await demandExtends(source.tree, newest, 'the checkpoint signed last');
    await using target = await targetOf(to);
    using progress = terminal.progress(`moving ${source.name} to ${target.name}`);
    const { size } = await source.tree.head();
    const cursors = source.cursors.filter(({ next }) => next <= size);
    const ahead = source.cursors.filter(({ next }) => next > size);
    const head = await moveLog(source, target, { signed: newest, cursors }, (step, done, all) =>
      progress.at(step === 'copying' ? done : all + done, 2 * all),
    );
    await keepGuard(to, newest);
    const root = Buffer.from(head.root).toString('base64');
    if (options.json)
      terminal.printJson({
        from: source.name,
        to: target.name,
        origin: from.origin,
        size: head.size,
        root,
        sinks: [...cursors.map(told), ...ahead.map(({ sink }) => ({ sink, next: 0 }))],
      });
    else {
      terminal.print(`${head.size} entries of ${from.origin} are in ${target.name}, verified; root ${root}`);
      for (const { sink, next } of cursors) terminal.print(`${sink} goes on at entry ${next}`);
      terminal.note(`${source.name} is as it was. Start no server on it again: it would go on with another history.`);
    }
    // It was brought entries that this log does not have: what it has of this one nobody knows.
    for (const { sink, next } of ahead)
      terminal.note(`${sink} stood at entry ${next}, ahead of the log: it begins anew, at the first`);
    return 'ok';
  } catch (thrown) {
    throw thrown instanceof Failure ? thrown : asStoreError(thrown);
  }
}

const told = ({ sink, next }: SinkCursor) => ({ sink, next });

type Source = MoveSource & { readonly signed?: SignedNote | undefined; readonly cursors: readonly SinkCursor[] };

async function sourceOf({ store, directory }: AuditConfig): Promise<Source> {
  if (store !== undefined) return postgresSource(store);
  const cursors = await cursorsBeside(directory);
  return { ...sqliteSource(directory), cursors };
}

async function targetOf({ store, directory, origin }: AuditConfig): Promise<MoveTarget> {
  if (store !== undefined) return postgresTarget(store, origin);
  return withCursorsBeside(sqliteTarget(directory, origin), directory);
}

function isSame(from: AuditConfig, to: AuditConfig): boolean {
  if (from.store === undefined || to.store === undefined)
    return from.store === to.store && from.directory === to.directory;
  const [one, other] = [from.store, to.store];
  return (
    JSON.stringify([one.hosts, one.database, one.schema]) ===
    JSON.stringify([other.hosts, other.database, other.schema])
  );
}

const guardOf = ({ checkpointGuard, directory }: AuditConfig) => checkpointGuard ?? join(directory, 'checkpoint.guard');

/** The newest checkpoint that is known of, wherever it is kept. */
function newestSigned(audit: AuditConfig, shared: SignedNote | undefined): SignedNote | undefined {
  const files = [guardOf(audit), join(audit.publish, checkpointPath)].filter((file) => existsSync(file));
  const kept = files.map((file) => {
    const note = readFileSync(file);
    const { size, root } = parseCheckpoint(note);
    return { size, root, note: note.toString('utf8') };
  });
  return [...kept, ...(shared === undefined ? [] : [shared])].sort((left, right) => right.size - left.size)[0];
}

/** The next server holds its store against it, as the one before did. */
async function keepGuard(audit: AuditConfig, newest: SignedNote | undefined): Promise<void> {
  const file = guardOf(audit);
  if (newest !== undefined && !existsSync(file)) await writeDurably(file, newest.note);
}
