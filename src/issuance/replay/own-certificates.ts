import type { Entry } from '#audit/entry.ts';
import { memberOf, textOf } from '#audit/json-object.ts';
import type { Certificate } from '#x509/certificate.ts';
import { purposeText } from '#x509/extended-key-usage.ts';
import { type Configuration, listOf } from './configurations.ts';
import { demandSame, Misfit } from './finding.ts';

/** Of each profile of ours, and of what another CA made for us at the most. */
const purposesOf: Readonly<Record<string, readonly string[]>> = {
  'serving-v1': ['serverAuth'],
  'control-plane-v1': ['serverAuth', 'clientAuth'],
  outside: ['serverAuth', 'clientAuth'],
};

/** A certificate of our own for a key of ours: what it names has to stand in the configuration. Throws Misfit. */
export function holdServing({ certificate }: Entry, leaf: Certificate | undefined, around: Configuration): void {
  const profile = textOf(memberOf(certificate, 'profile')) ?? '';
  const purposes = leaf?.extendedKeyUsage?.map(purposeText) ?? listOf(memberOf(certificate, 'eku'));
  const allowed = purposesOf[profile] ?? [];
  const beyond = purposes.find((purpose) => !allowed.includes(purpose));
  if (beyond !== undefined) throw new Misfit('certificate', `it has the purpose ${beyond}, which ${profile} has not`);
  if (leaf?.isCa) throw new Misfit('certificate', 'it is a CA certificate');
  const names = leaf?.names.map(({ kind, text }) => `${kind}:${text}`) ?? listOf(memberOf(certificate, 'sans'));
  const stranger = names.find((name) => !isConfigured(name, around));
  if (stranger !== undefined) throw new Misfit('kind', `it names ${stranger}, which the configuration does not`);
}

/** A control plane has the names of its Services and its own identity, made of names in the configuration. */
function isConfigured(name: string, { texts, trustDomains }: Configuration): boolean {
  const value = name.slice(name.indexOf(':') + 1);
  if (texts === undefined || texts.has(value)) return true;
  const [, service = '', namespace = ''] = /^dns:([a-z0-9-]+)\.([a-z0-9-]+)\.svc$/.exec(name) ?? [];
  if (/^(istiod|istio-pilot)/.test(service)) return texts.has(namespace);
  const [, domain, of = '', account = ''] = /^uri:spiffe:\/\/([^/]+)\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(name) ?? [];
  return domain === trustDomains.primary && texts.has(of) && texts.has(account);
}

/** Intents that wait for their outcome. */
const mostIntents = 1_000;

/**
 * What is signed for a CA key of ours stands in the log as intended, before: these octets, or what another CA makes for this key. An
 * intent holds for one certificate.
 */
export class Intents {
  readonly #waiting = new Set<string>();

  take({ certificate }: Entry): void {
    const [id] = idsOf(certificate);
    if (id !== undefined) this.#waiting.add(id);
    if (this.#waiting.size > mostIntents) for (const oldest of this.#waiting) return void this.#waiting.delete(oldest);
  }

  /** Whether somebody intended it. Throws Misfit for what is no CA certificate. */
  hold({ certificate }: Entry, leaf: Certificate | undefined): boolean {
    if (leaf !== undefined) demandSame('certificate', 'whether it is a CA certificate', leaf.isCa, true);
    return idsOf(certificate).some((id) => this.#waiting.delete(id));
  }
}

/** The most exact one first. */
function idsOf(certificate: Entry['certificate']): readonly string[] {
  const ids = [memberOf(certificate, 'tbsSha256'), memberOf(memberOf(certificate, 'key'), 'spkiSha256')];
  return ids.flatMap((id) => textOf(id) ?? []);
}
