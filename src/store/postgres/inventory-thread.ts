import { workerData } from 'node:worker_threads';
import { followLog } from '../inventory/follow.ts';
import { PostgresTree } from './postgres-tree.ts';
import { Redial } from './redial.ts';
import type { PostgresInventoryData } from './thread-data.ts';

/** The thread of a replica's own inventory of the log that it shares. */
const data: PostgresInventoryData = workerData;

const sessions = new Redial(data.settings);
followLog(new PostgresTree(sessions.dial), data, () => sessions.close());
