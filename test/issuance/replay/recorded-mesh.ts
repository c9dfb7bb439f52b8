import type { Entry } from '#audit/entry.ts';
import type { AuditEvent, Json } from '#audit/event.ts';
import { intermediateOf, Rig, type RigOptions } from '../rig.ts';

const instance = { name: 'rig' };
const told = { outcome: 'success', instance } as const;
let ids = 0;
const id = () => `0193b5c0-0000-7000-8000-${(ids++).toString(16).padStart(12, '0')}`;

/** What a server writes at its start, of the rig's set and issuer. */
export async function announce(rig: Rig): Promise<void> {
  const content = Object.fromEntries(
    rig.policies.documents.map(({ content: each }) => [each.metadata.name, asJson(each)] as const),
  );
  const { facts, leafIssuer, certificateSha256, keyId, name } = rig.issuer;
  const { certificate } = intermediateOf(facts.keyKind ?? 'ec:P-256', facts.pathLength);
  const time = (seconds: number) => new Date(seconds * 1000).toISOString();
  const events: AuditEvent[] = [
    {
      ...{ ...told, id: id(), type: 'config.loaded' },
      change: { kind: 'config', content: { trustDomain: 'cluster.local', istio: { dialect: 'istiod' } } },
    },
    {
      ...{ ...told, id: id(), type: 'policy.loaded' },
      change: { kind: 'policy-set', afterSha256: rig.policies.id, content },
    },
    {
      ...{ ...told, id: id(), type: 'issuer.installed' },
      key: { algorithm: facts.keyKind ?? '' },
      certificate: {
        issuer: { name, keyId, certSha256: certificateSha256 },
        notBefore: time(facts.notBefore),
        notAfter: time(facts.notAfter),
        pathLength: facts.pathLength,
        signatureAlgorithm: leafIssuer.signatureAlgorithm,
        profile: rig.issuer.profile,
      },
      certificateDer: Buffer.from(certificate).toString('base64'),
    },
  ];
  for (const event of events) await rig.log.append(event);
}

const asJson = (value: unknown): Json => JSON.parse(JSON.stringify(value));

export async function announced(options: RigOptions): Promise<Rig> {
  const rig = Rig.of(options);
  await announce(rig);
  return rig;
}

/** `entry` with another value at a path of members. */
export function having(entry: Entry, path: string, value: Json | undefined): Entry {
  const copy: Entry = structuredClone(entry);
  const names = path.split('.');
  const last = names.pop() ?? '';
  let place: object = copy;
  for (const name of names) place = Object(Reflect.get(place, name));
  Reflect.set(place, last, value);
  return copy;
}
