import type { CeremonyKey, KeyStore } from '#ceremony/ports.ts';
import { runCeremony } from '#ceremony/run.ts';
import { durableShelf } from '#keys/durable-shelf.ts';
import { openStores, systemClock, systemEntropy, testPlan } from './setting.ts';

/**
 * Runs the ceremony of a round and kills its own process (-9) right after the n-th thing that leaves a trace: a line
 * in the journal, a file, a key, a signature, a certificate in the token, a record. Prints what these things were.
 */
const [home = '', round = '', limit = ''] = process.argv.slice(2);
const trace: string[] = [];

async function counted<Result>(name: string, doing: Promise<Result>): Promise<Result> {
  const result = await doing;
  trace.push(name);
  if (trace.length === Number(limit)) process.kill(process.pid, 'SIGKILL');
  return result;
}

function countedKey(key: CeremonyKey): CeremonyKey {
  const { signer } = key;
  return {
    ...key,
    signer: {
      algorithm: signer.algorithm,
      spki: signer.spki,
      sign: (tbs) => counted('sign', signer.sign(tbs)),
      close: () => signer.close(),
    },
  };
}

function countedStore(store: KeyStore): KeyStore {
  return {
    find: async (label) => {
      const key = await store.find(label);
      return key && countedKey(key);
    },
    create: async (label, kind) => countedKey(await counted('create', store.create(label, kind))),
    findCertificate: (label) => store.findCertificate(label),
    storeCertificate: (label, der, subject) => counted('store', store.storeCertificate(label, der, subject)),
    close: () => store.close(),
  };
}

const plan = testPlan(home, (text) =>
  text.replaceAll('quickstart-', `round${round}-`).replace('outputs: ca', `outputs: ca${round}`),
);
const stores = await openStores(plan);
await runCeremony(plan, {
  stores: { ...(stores.hsm && { hsm: countedStore(stores.hsm) }) },
  shelf: {
    read: (path) => durableShelf.read(path),
    replace: (path, content) => counted('replace', durableShelf.replace(path, content)),
    hold: (path) => durableShelf.hold(path),
    append: (path, line) => counted('append', durableShelf.append(path, line)),
  },
  clock: systemClock,
  entropy: systemEntropy,
  record: () => counted('record', Promise.resolve()),
});
console.log(trace.join(' '));
