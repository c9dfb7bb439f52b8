import type { Entry } from '#audit/entry.ts';
import { memberOf } from '#audit/json-object.ts';

/** What is issued, or nearly so, and how it is held against the rules. Names are part of the interface. */
export const kinds = {
  workload: 'decided again, and its certificate held against the permit',
  relayed: 'decided again, and what another CA made held against the permit, as when it came',
  'named-only': 'decided again; its certificate is not in the log, and only its record was held against the permit',
  serving: 'our own TLS servers and istiod: no policy decides; held against the names in the configuration',
  authority: 'our own intermediate: no policy decides; held against the intent that stands before it',
  'intent-dropped': 'our own intermediate, held against nothing: what was intended before it may be among the dropped',
  approval: 'nothing was issued: what is issued after it has a record and a decision of its own',
  ceremony: 'a reviewed file decides, and no policy; see its transcript',
  undecidable: 'not decided again: its record leaves out some of what policy looks at',
  dropped: 'records of any type of which only the hash is left: what was issued by them, if anything, is not said',
} as const;

export type KindName = keyof typeof kinds;

/** Of a record that a certificate was issued. Undefined for one that nobody here writes. */
export function issuedKind(
  { door, decision, certificate, certificateDer }: Entry,
  isCa: boolean,
): KindName | undefined {
  const profile = memberOf(certificate, 'profile');
  if (door === 'internal') {
    if (decision !== undefined) return undefined;
    if (profile === 'serving-v1' || profile === 'control-plane-v1') return 'serving';
    if (profile === 'intermediate-v1') return 'authority';
    return profile === 'outside' ? (isCa ? 'authority' : 'serving') : undefined;
  }
  if (decision === undefined) return undefined;
  if (certificateDer === undefined) return 'named-only';
  return profile === 'outside' ? 'relayed' : 'workload';
}
