import { loadConfig } from '#config/load.ts';
import type { ServerConfig } from '#config/server-config.ts';
import { exportsDirectory } from '#server/exports/export-data.ts';
import { readPlace } from '#server/exports/postgres-cursors.ts';
import { cursorFile, readCursor } from '#sinks/file-cursors.ts';
import type { SinkSettings } from '#sinks/settings.ts';
import { asStoreError } from '#store/postgres/open-error.ts';
import { openSession } from '#store/postgres/open-session.ts';
import { signedOf } from '../audit/signed-log.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { type Column, table } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { statusOptions } from './options.ts';

const columns: readonly Column[] = [
  { title: 'sink' },
  { title: 'to' },
  { title: 'next', align: 'right' },
  { title: 'behind', align: 'right' },
];

export async function runStatus({ options, home }: Input<typeof statusOptions>, terminal: Terminal): Promise<Exit> {
  const { config } = loadConfig(options.config ?? home.config);
  const log = await signedOf(config.audit);
  const { size } = log;
  await log.close();
  const places = await placesOf(config);
  const sinks = config.exports.map(({ name, to }, at) => {
    const next = places[at] ?? 0;
    return { sink: name, to: to.kind, next, behind: Math.max(0, size - next) };
  });
  if (options.json) terminal.printJson({ published: size, sinks });
  else {
    const rows = sinks.map(({ sink, to, next, behind }) => [sink, to, String(next), String(behind)]);
    terminal.print(table(columns, rows, terminal.columns, terminal.style));
  }
  return 'ok';
}

/** The first entry that each sink may not have. */
async function placesOf({ audit, exports }: ServerConfig): Promise<readonly number[]> {
  if (audit.store !== undefined) return inDatabase(audit.store, exports);
  const directory = exportsDirectory(audit.directory);
  const places = exports.map(async ({ name }) => (await readCursor(cursorFile(directory, name)))?.next ?? 0);
  return Promise.all(places);
}

async function inDatabase(
  settings: NonNullable<ServerConfig['audit']['store']>,
  sinks: readonly SinkSettings[],
): Promise<readonly number[]> {
  try {
    const session = await openSession(settings);
    try {
      const places: number[] = [];
      for (const { name } of sinks) places.push((await readPlace(session, name)).next);
      return places;
    } finally {
      await session.close();
    }
  } catch (thrown) {
    throw asStoreError(thrown);
  }
}
