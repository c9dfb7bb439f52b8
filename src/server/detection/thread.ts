import { parentPort, workerData } from 'node:worker_threads';
import type { Alert } from '#detection/alert.ts';
import { ruleSet } from '#detection/rule-set.ts';
import type { TextFile } from '#document/files.ts';
import { systemPace } from '#kubernetes/pace.ts';
import { Growth } from '../exports/growth.ts';
import { openLogSide } from '../exports/log-side.ts';
import { Follower } from './follower.ts';
import type { DetectionData, FromDetection, ToDetection } from './messages.ts';

/** The thread that watches the log: reads it on its own, runs the rules, and has their alerts recorded. */
if (parentPort === null) throw new Error('rules are run by a worker thread');
const port = parentPort;
const say = (message: FromDetection): void => port.postMessage(message);
const data: DetectionData = workerData;
const lookMs = 1_000;

const log = await openLogSide(data);
const compiled = (rules: readonly TextFile[]) => ruleSet(rules).rules;
const growth = new Growth();
let asked = 0;
const waiting = new Map<number, PromiseWithResolvers<void>>();

const follower = new Follower(
  {
    ...log,
    pace: systemPace,
    givesWay: (lag) => growth.givesWay(lag, performance.now()),
    record,
    tell: (gap) => say({ kind: 'gap', ...gap }),
  },
  compiled(data.rules),
);
follower.start();
const looks = setInterval(() => say({ kind: 'standing', ...follower.standing }), lookMs);

function record(alerts: readonly Alert[]): Promise<void> {
  const number = ++asked;
  const answer = Promise.withResolvers<void>();
  waiting.set(number, answer);
  say({ kind: 'alerts', number, alerts });
  return answer.promise;
}

port.on('message', (message: ToDetection) => {
  switch (message.kind) {
    case 'grown':
      growth.heard(message, performance.now());
      follower.published(message.published);
      break;
    case 'rules':
      follower.use(compiled(message.rules));
      break;
    case 'recorded': {
      const answer = waiting.get(message.number);
      waiting.delete(message.number);
      if (message.problem === undefined) answer?.resolve();
      else answer?.reject(new Error(message.problem));
      break;
    }
    case 'close':
      clearInterval(looks);
      void follower
        .stop()
        .then(() => log.close())
        .finally(() => {
          say({ kind: 'standing', ...follower.standing });
          say({ kind: 'closed' });
          port.close();
        });
  }
});
