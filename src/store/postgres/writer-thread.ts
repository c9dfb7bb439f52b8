import { parentPort, workerData } from 'node:worker_threads';
import { fault } from '../fault.ts';
import { GivenUp } from '../group-commit.ts';
import { lockStore } from '../lock.ts';
import { StoreError, storeProblem } from '../store-error.ts';
import type { FromWriter, ToWriter } from '../writer-messages.ts';
import { BatchWriter } from './batch-writer.ts';
import { asStoreError } from './open-error.ts';
import type { PostgresWriterData } from './thread-data.ts';

/** The thread that writes this replica's records: opens, then one batch after another until it is told to close. */
if (parentPort === null) throw new Error('the log is written in a worker thread');
const port = parentPort;
const say = (message: FromWriter): void => port.postMessage(message);
const data: PostgresWriterData = workerData;

try {
  // Two replicas must not publish into one directory, nor hold one guard.
  const lock = lockStore(data.lock);
  const writer = await BatchWriter.open(data.settings, data.origin, (problem) => say({ kind: 'reach', problem }));
  port.on('message', (message: ToWriter) => {
    void serve(writer, message).then(() => {
      if (message.kind === 'close') lock.close();
    });
  });
  say({ kind: 'opened', head: writer.head });
} catch (thrown) {
  say({ kind: 'refused', problem: storeProblem(asStoreError(thrown)) });
  port.close();
}

async function serve(writer: BatchWriter, message: ToWriter): Promise<void> {
  if (message.kind === 'close') {
    await writer.close();
    say({ kind: 'closed' });
    port.close();
    return;
  }
  // Bodies are dropped, and values erased, over the connection that reads.
  if (message.kind !== 'commit') return;
  try {
    fault('batch.received');
    const committed = await writer.commit(message.batch, message.now, message.disclosures);
    fault('batch.committed');
    say({ kind: 'committed', ...committed });
    fault('batch.answered');
  } catch (thrown) {
    const words = thrown instanceof Error ? thrown.message : String(thrown);
    if (thrown instanceof GivenUp) {
      say({ kind: 'given-up', message: words });
      return;
    }
    say({ kind: 'failed', message: thrown instanceof StoreError ? `${words} (${thrown.code})` : words });
    await writer.close();
    port.close();
  }
}
