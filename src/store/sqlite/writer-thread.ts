import { parentPort, workerData } from 'node:worker_threads';
import { checkTail } from '../check.ts';
import { fault } from '../fault.ts';
import { lockStore } from '../lock.ts';
import { StoreError, storeProblem } from '../store-error.ts';
import type { FromWriter, ToWriter } from '../writer-messages.ts';
import { checkSchema } from './check-rows.ts';
import { damagedUnless, openForWriting } from './database.ts';
import { eraseDisclosures } from './disclosures.ts';
import { dropStep } from './dropped.ts';
import { Sequencer } from './sequencer.ts';
import { StoredTree } from './stored-tree.ts';
import type { SqliteWriterData } from './thread-data.ts';

/** The thread that writes the log: takes the lock, opens, then one batch after another until it is told to close. */
if (parentPort === null) throw new Error('the log is written in a worker thread');
const port = parentPort;
const say = (message: FromWriter): void => port.postMessage(message);
const data: SqliteWriterData = workerData;

try {
  await serve(data);
} catch (thrown) {
  if (!(thrown instanceof StoreError)) throw thrown;
  say({ kind: 'refused', problem: storeProblem(thrown) });
  port.close();
}

async function serve({ database: file, lock: lockFile, origin }: SqliteWriterData): Promise<void> {
  const lock = lockStore(lockFile);
  const database = openForWriting(file, origin);
  damagedUnless(file, () => checkSchema(database));
  await checkTail(new StoredTree(database), file);
  const sequencer = new Sequencer(database);
  port.on('message', (message: ToWriter) => {
    if (message.kind === 'close') {
      database.close();
      lock.close();
      say({ kind: 'closed' });
      port.close();
      return;
    }
    try {
      if (message.kind === 'drop') {
        say({ kind: 'dropped', more: dropStep(database, message.record) });
        return;
      }
      if (message.kind === 'erase') {
        eraseDisclosures(database, message.record);
        say({ kind: 'dropped', more: false });
        return;
      }
      fault('batch.received');
      const first = sequencer.head.size;
      const head = sequencer.commit(message.batch, message.now, message.disclosures);
      say({ kind: 'committed', first, head });
      fault('batch.answered');
    } catch (thrown) {
      // Not rolled back and not tried again: after a failed write only a new process may say what is on the disk.
      say({ kind: 'failed', message: thrown instanceof Error ? thrown.message : String(thrown) });
      port.close();
    }
  });
  say({ kind: 'opened', head: sequencer.head });
}
