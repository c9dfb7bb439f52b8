import { parentPort, workerData } from 'node:worker_threads';
import { Exporter } from '#sinks/exporter.ts';
import { Growth } from './growth.ts';
import { openLogSide } from './log-side.ts';
import type { ExportData, FromExports, ToExports } from './messages.ts';

/** The thread of the exports: reads the log on its own and brings it to every sink, until it is told to close. */
if (parentPort === null) throw new Error('exports are brought by a worker thread');
const port = parentPort;
const say = (message: FromExports): void => port.postMessage(message);
const data: ExportData = workerData;

const log = await openLogSide(data);
const growth = new Growth();
const exporter = await Exporter.open({
  sinks: data.sinks,
  directory: data.directory,
  source: log.source,
  cursors: log.cursors,
  givesWay: (lag) => growth.givesWay(lag, performance.now()),
  tell: (news) => say({ kind: 'news', news }),
});

port.on('message', (message: ToExports) => {
  if (message.kind === 'grown') {
    growth.heard(message, performance.now());
    exporter.published(message.published);
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
