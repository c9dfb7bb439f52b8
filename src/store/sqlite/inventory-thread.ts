import { workerData } from 'node:worker_threads';
import { followLog } from '../inventory/follow.ts';
import { openForReading } from './database.ts';
import { StoredTree } from './stored-tree.ts';
import type { SqliteInventoryData } from './thread-data.ts';

/** The thread of the inventory of an embedded log. */
const data: SqliteInventoryData = workerData;

const database = openForReading(data.log);
followLog(new StoredTree(database), data, () => database.close());
