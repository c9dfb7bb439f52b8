import { parentPort, workerData } from 'node:worker_threads';
import { Exporter } from '#sinks/exporter.ts';
import { givesWay } from '#store/inventory/give-way.ts';
import { openLogSide } from './log-side.ts';
import type { ExportData, FromExports, ToExports } from './messages.ts';

/** The thread of the exports: reads the log on its own and brings it to every sink, until it is told to close. */
if (parentPort === null) throw new Error('exports are brought by a worker thread');
const port = parentPort;
const say = (message: FromExports): void => port.postMessage(message);
const data: ExportData = workerData;

const log = await openLogSide(data);
let published = { size: 0, at: performance.now(), grownPerMs: 0 };
const exporter = await Exporter.open({
  sinks: data.sinks,
  directory: data.directory,
  source: log.source,
  cursors: log.cursors,
  givesWay: (lag) => givesWay(published.grownPerMs, 1, lag),
  tell: (news) => say({ kind: 'news', news }),
});

port.on('message', (message: ToExports) => {
  if (message.kind === 'published') {
    const at = performance.now();
    const grown = message.size - published.size;
    published = { size: message.size, at, grownPerMs: published.size === 0 ? 0 : grown / (at - published.at) };
    exporter.published(message.size);
    return;
  }
  void exporter
    .stop()
    .then(() => log.close())
    .finally(() => {
      say({ kind: 'closed' });
      port.close();
    });
});
