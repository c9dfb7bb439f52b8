import { escapeIdentifier } from 'pg';
import { currentVersion, migrate, migrationSql, schemaVersion } from '#store/postgres/migrate.ts';
import { asStoreError } from '#store/postgres/open-error.ts';
import { openSession } from '#store/postgres/open-session.ts';
import { grants } from '#store/postgres/schema.ts';
import { placeOf } from '#store/postgres/settings.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { postgresOf } from './configured.ts';
import type { migrateOptions } from './options.ts';

export async function runMigrate(
  { options, operands, home }: Input<typeof migrateOptions>,
  terminal: Terminal,
): Promise<Exit> {
  const configured = postgresOf(operands[0] ?? home.config);
  const settings = options.user === undefined ? configured : { ...configured, user: options.user };
  const rights =
    options.grant === undefined ? '' : grants(escapeIdentifier(settings.schema), escapeIdentifier(options.grant));
  try {
    const session = await openSession(settings);
    try {
      const from = await schemaVersion(session);
      if (options.print) {
        terminal.print([migrationSql(settings.schema, from), rights].filter((text) => text !== '').join('\n'));
        return 'ok';
      }
      await migrate(session, settings.schema);
      if (rights !== '') await session.run(rights);
      if (options.json) terminal.printJson({ from, to: currentVersion });
      else terminal.print(`${placeOf(settings)}: number ${from} before, ${currentVersion} now`);
      return 'ok';
    } finally {
      await session.close();
    }
  } catch (thrown) {
    throw asStoreError(thrown);
  }
}
