import { RootOverlap } from '#authority/root-overlap.ts';
import type { ServingPair } from '#authority/serving-certificate.ts';
import { issueServingCertificate } from '#authority/serving-certificate.ts';
import { loadConfig } from '#config/load.ts';
import { IstioDoor } from '#doors/istio/door.ts';
import type { SigningIssuer } from '#issuance/live-issuer.ts';
import { type Issuance, mintIssued } from '#issuance/request.ts';
import { layFoundation } from '#server/foundation.ts';
import { Issuing } from '#server/issuing.ts';
import { LogKeys } from '#server/log-keys.ts';
import { makeServingKey } from '#server/serving-key.ts';
import { assemble, openPostgres } from './assembled.ts';
import { limitIssuance } from './limit.ts';
import { MemoryLog } from './memory-log.ts';
import { signingIssuer } from './signing-issuer.ts';

/**
 * A server to compare with, as a process of its own: the door of the real one before an issuance that is
 * `constant`, or only the crypto (`limit`), or the whole sequence with its log in SQLite, in
 * PostgreSQL or in memory. Arguments: home, kind, and for PostgreSQL the settings as JSON. Answers the message `sample` with its counts.
 */
export type ServerKind = 'constant' | 'limit' | 'sqlite-log' | 'postgres-log' | 'memory-log';

const [home = '', kind = '', settings = '{}'] = process.argv.slice(2);
const foundation = layFoundation(loadConfig(`${home}/countersign.yaml`).config);
const logKeys = await LogKeys.open(foundation.config.audit, foundation.clock, () => {});
const issuing = await Issuing.open(foundation, new MemoryLog(), () => {}, new RootOverlap(0, Date.now), logKeys);
const issuer = signingIssuer(issuing);
let answered = 0;

const issuance = counting(await issuanceOf(kind));
const door = new IstioDoor({ issuance, dialect: 'istiod', trustDomain: foundation.config.trustDomain });
door.setServingCertificate(await servingPair(issuer));
door.setClientRoots(issuer.roots);
const { host, port } = await door.start({ host: '127.0.0.1', port: 0 });
process.send?.({ address: `${host}:${port}` });
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ done: answered, cpuMicros: user + system, at: performance.now() });
});
// whoever started us has gone
process.on('disconnect', () => process.exit(0));

async function issuanceOf(wanted: string): Promise<Issuance> {
  switch (wanted) {
    case 'constant':
      return { issue: async () => constantAnswer(issuer), refuse: async (_, refusal) => refusal };
    case 'limit':
      return limitIssuance(home, issuer);
    case 'sqlite-log':
      return assemble(foundation, issuing, 'sqlite');
    case 'postgres-log':
      return assemble(foundation, issuing, await openPostgres(foundation, JSON.parse(settings)));
    default:
      return assemble(foundation, issuing, new MemoryLog());
  }
}

function counting(inner: Issuance): Issuance {
  return {
    refuse: (attempt, refusal) => inner.refuse(attempt, refusal),
    async issue(request, signal) {
      const issued = await inner.issue(request, signal);
      answered++;
      return issued;
    },
  };
}

function constantAnswer({ intermediates, roots }: SigningIssuer) {
  return mintIssued({
    leaf: intermediates[0] ?? '',
    intermediates,
    roots,
    leafIndex: 0,
    serial: '00',
    notAfter: 0,
  });
}

function servingPair(from: SigningIssuer): Promise<ServingPair> {
  const { config, serials, clock, ids, events } = foundation;
  return issueServingCertificate({
    profile: 'serving-v1',
    issuer: () => from,
    makeKey: () => makeServingKey(config.istio.serving.keyType),
    serials,
    log: new MemoryLog(),
    clock,
    eventId: ids,
    instance: events.instance,
    names: config.istio.serving,
    lifetime: config.istio.serving.lifetimeSeconds,
  });
}
