import { hash } from 'node:crypto';
import { basename } from 'node:path';
import type { ApiViews } from '#doors/api/ports.ts';
import { floorKeys, floorSignatures } from '#policy/approved.ts';
import type { PolicySet } from '#policy/set.ts';
import type { EngineLog } from '#store/engine-log.ts';
import type { HealthState } from '#telemetry/health.ts';
import type { Foundation } from '../foundation.ts';
import type { Issuing } from '../issuing.ts';
import type { LogKeys } from '../log-keys.ts';
import { reload } from './reload.ts';

export interface ViewParts {
  readonly foundation: Foundation;
  readonly issuing: Issuing;
  readonly store: EngineLog;
  readonly logKeys: LogKeys;
  readonly policies: () => PolicySet;
  /** Looks at the files that the server follows, now. */
  readonly look: () => Promise<void>;
}

/** What the admin API shows, from what the parts of the server know now. */
export function apiViews(parts: ViewParts): ApiViews {
  const { foundation, store, policies } = parts;
  const { health, instance } = foundation;
  return {
    authority: () => authority(parts),
    policies: () => policiesInForce(policies()),
    reload: () => reload(parts),
    health: () => ({ live: report(health.liveness()), ready: report(health.readiness()) }),
    version: { version: instance.version, node: process.versions.node, openssl: process.versions.openssl },
    log: store,
    inventory: store.inventory,
  };
}

async function authority({ foundation, issuing, store, logKeys }: ViewParts) {
  const { config, metrics } = foundation;
  const { live } = issuing;
  const pem = live.roots();
  return {
    trustDomain: config.trustDomain,
    trustDomainAliases: [...config.trustDomainAliases],
    issuers: live.all().map((issuer) => issuerOf(issuer.name, foundation, issuing)),
    trustBundle: { sha256: hash('sha256', pem, 'hex'), pem },
    expiries: [...metrics.expiries.all()].map(([role, name, notAfter]) => ({ role, name, notAfter: time(notAfter) })),
    log: {
      origin: store.origin,
      size: store.size,
      publishedSize: store.publishedSize,
      inventory: await store.inventory.position(),
      keys: [...logKeys.known],
    },
  };
}

function issuerOf(name: string, { config }: Foundation, issuing: Issuing) {
  const issuer = issuing.live.get(name);
  const cannotSign = issuing.cannotSign(name);
  const key = issuing.keyFacts(name);
  const common = {
    name,
    isDefault: name === config.defaultIssuer,
    ...(cannotSign !== undefined && { cannotSign }),
    ...(key !== undefined && { key }),
  };
  if (issuer.way === 'relay') return { ...common, way: issuer.way, chain: [] };
  const { subject, keyId, certificateSha256, facts, signer, intermediates } = issuer;
  return {
    ...common,
    ...{ way: issuer.way, subject, keyId, certificateSha256, algorithm: signer.algorithm },
    ...{ notBefore: time(facts.notBefore), notAfter: time(facts.notAfter) },
    chain: [...intermediates],
  };
}

function policiesInForce({ id, documents }: PolicySet) {
  return {
    setId: id,
    documents: documents.map(({ file, text, content: { metadata, spec } }) => ({
      name: metadata.name,
      priority: spec.priority,
      effect: spec.effect,
      mode: spec.mode ?? 'enforce',
      file: basename(file),
      sha256: hash('sha256', text, 'hex'),
      text,
    })),
    defaults: { unmatched: 'denied' as const, keys: [...floorKeys], signatures: [...floorSignatures] },
  };
}

const report = ({ ok, checks }: HealthState) => ({
  ok,
  checks: checks.map(({ since, ...check }) => ({ ...check, since: new Date(since).toISOString() })),
});

const time = (seconds: number) => new Date(seconds * 1000).toISOString();
