import { parentPort, workerData } from 'node:worker_threads';
import { Exporter } from '#sinks/exporter.ts';
import { givesWay } from '#store/inventory/give-way.ts';
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
  givesWay(lag) {
    const { grown, ms } = growth.by(performance.now());
    return givesWay(grown, ms, lag);
  },
  tell: (news) => say({ kind: 'news', news }),
});

port.on('message', (message: ToExports) => {
  if (message.kind === 'published') {
    growth.heard(message.size, performance.now());
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
