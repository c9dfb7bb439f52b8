import type { EngineLog } from '#store/engine-log.ts';
import { fault } from '#store/fault.ts';
import {
  openRequests,
  type RedactionRequest,
  readRequest,
  requestDone,
  requestRefused,
} from '#store/redaction-requests.ts';
import { appendAside } from './events.ts';
import type { Foundation } from './foundation.ts';
import { Looks } from './looks.ts';

/** ms between two looks for what is to be erased. */
const lookEveryMs = 2_000;

export interface KeptRedactions {
  look(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Erases what the operator has asked for: recorded first, under a signed checkpoint, then gone from the store, then no longer
 * asked for. A crash in between says it again and does it.
 */
export function keepRedactions(foundation: Foundation, store: EngineLog): KeptRedactions {
  const { config, events, logger } = foundation;
  const { directory } = config.audit;
  const erase = async ({ field, records, by }: RedactionRequest) => {
    const message = 'these values are erased: what commits to them stays';
    const actor = { method: 'command', user: by };
    const record = await store.append(events.of('log.redacted', { actor, message, redacted: { field, records } }));
    await store.publish();
    fault('erase.recorded');
    await store.retention.erase(record);
    logger.info(`${field} of ${records.length} records was erased, as record ${record} says`);
  };
  let stopping = false;
  let failing = false;
  const round = async () => {
    try {
      for (const file of await openRequests(directory)) {
        if (stopping) return;
        await store.catchUp();
        const request = await readRequest(file, store.size);
        if (request !== undefined) {
          await erase(request);
          await requestDone(file);
        } else {
          await requestRefused(file);
          logger.warn('a file asks for the erasure of what cannot be erased; it is put aside', { file });
        }
      }
      failing = false;
    } catch (error) {
      if (stopping || failing) return;
      failing = true;
      logger.error('values beside the log could not be erased; it is tried again', { error });
      const message = `audit.redactable: ${error instanceof Error ? error.message : String(error)}`;
      const event = events.of('service.degraded', { outcome: 'failed', reason: 'log.unavailable', message });
      await appendAside(store, event, logger, 'service.degraded');
    }
  };
  const looks = new Looks(round, lookEveryMs);
  looks.goOn();
  return {
    look: () => looks.now(),
    async stop() {
      stopping = true;
      await looks.stop();
    },
  };
}
