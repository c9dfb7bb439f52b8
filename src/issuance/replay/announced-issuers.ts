import { hash, type KeyObject } from 'node:crypto';
import type { Entry } from '#audit/entry.ts';
import { memberOf, textOf } from '#audit/json-object.ts';
import { floorKeys, floorSignatures } from '#policy/approved.ts';
import type { IssuerFacts } from '#policy/question.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { readSpki } from '#x509/keys/public-key.ts';
import { importSpki } from '#x509/verify-signature.ts';

/** An issuer as the log was told of it. */
export interface AnnouncedIssuer {
  readonly facts: IssuerFacts;
  /** Absent where the version that recorded it left it out: then only what the record says of it is known. */
  readonly certificate?: Certificate;
  readonly key?: KeyObject;
}

/** Issuers that are remembered, and windows of each: a chain may be exchanged above an issuer that stays. */
const mostIssuers = 1_000;
const mostWindows = 3;

/** RFC 5280 §4.1.2.5: "no end". The window of an issuer elsewhere is that of its roots, and bounds what it made by itself. */
export const elsewhere = (name: string): IssuerFacts => ({ name, notBefore: 0, notAfter: 253_402_300_799 });

/** What `issuer.installed` and `issuer.rotated` say, by the hash of the issuing certificate, which every record names. */
export class AnnouncedIssuers {
  readonly #byHash = new Map<string, readonly AnnouncedIssuer[]>();
  readonly #elsewhere = new Set<string>();

  take({ certificate, certificateDer, key }: Entry): void {
    const issuer = memberOf(certificate, 'issuer');
    const name = textOf(memberOf(issuer, 'name'));
    if (name === undefined || memberOf(certificate, 'profile') === undefined) return;
    if (memberOf(certificate, 'profile') === 'outside') {
      if (this.#elsewhere.size < mostIssuers) this.#elsewhere.add(name);
      return;
    }
    const sha256 = textOf(memberOf(issuer, 'certSha256'));
    const notBefore = secondsOf(memberOf(certificate, 'notBefore'));
    const notAfter = secondsOf(memberOf(certificate, 'notAfter'));
    if (sha256 === undefined || notBefore === undefined || notAfter === undefined) return;
    const own = certificateIn(certificateDer, sha256);
    const kind = floorKeys.find((each) => each === (own ? readSpki(own.spki).kind : memberOf(key, 'algorithm')));
    const algorithm = floorSignatures.find((each) => each === memberOf(certificate, 'signatureAlgorithm'));
    const pathLength = memberOf(certificate, 'pathLength');
    const facts: IssuerFacts = {
      name,
      notBefore,
      notAfter,
      ...(kind !== undefined && { keyKind: kind }),
      ...(algorithm !== undefined && { algorithm }),
      ...(typeof pathLength === 'number' && { pathLength }),
    };
    const before = this.#byHash.get(sha256) ?? [];
    const announced = { facts, ...(own && { certificate: own, key: importSpki(own.spki) }) };
    const others = before.filter((each) => JSON.stringify(each.facts) !== JSON.stringify(facts));
    this.#byHash.delete(sha256);
    this.#byHash.set(sha256, [announced, ...others].slice(0, mostWindows));
    if (this.#byHash.size > mostIssuers)
      for (const oldest of this.#byHash.keys()) return void this.#byHash.delete(oldest);
  }

  /** Newest first; what was decided just before a chain was exchanged may be recorded just after. */
  of(certSha256: string): readonly AnnouncedIssuer[] {
    return this.#byHash.get(certSha256) ?? [];
  }

  isElsewhere(name: string): boolean {
    return this.#elsewhere.has(name);
  }
}

function certificateIn(der: unknown, sha256: string): Certificate | undefined {
  if (typeof der !== 'string') return undefined;
  const octets = Buffer.from(der, 'base64');
  return hash('sha256', octets, 'hex') === sha256 ? readCertificate(octets) : undefined;
}

/** Whole seconds since the epoch; undefined for what is no moment. */
export function secondsOf(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}
