import type { X509Certificate } from 'node:crypto';
import { certificatesIn, type Reading, readCertificate, readRequest } from './reading.ts';
import type { Feature, Wish } from './wish.ts';

export interface Facts {
  readonly wish: Wish;
  /** What the certificate shall be for. */
  readonly usages: readonly string[];
  /** PEM PKCS#10. */
  readonly request: string;
  /** As handed over: PEM. */
  readonly chain: string;
  /** PEM of what it is trusted by; empty where the issuer says nothing. */
  readonly ca: string;
  /** PEM of the private key. */
  readonly key: string;
  /** By what they are to each other: a Certificate, its Secret, the request for it. */
  readonly objects: Readonly<Partial<Record<'certificate' | 'secret' | 'request', unknown>>>;
}

/** One issuance: what was asked for, and all that came of it. Its readings throw where there is nothing to read. */
export class Evidence {
  readonly facts: Facts;

  constructor(facts: Facts) {
    this.facts = facts;
  }

  get wish(): Wish {
    return this.facts.wish;
  }

  get chain(): readonly X509Certificate[] {
    return certificatesIn(this.facts.chain);
  }

  get roots(): readonly X509Certificate[] {
    return certificatesIn(this.facts.ca);
  }

  get certificate(): X509Certificate {
    const [leaf] = this.chain;
    if (leaf === undefined) throw new Error('there is no certificate');
    return leaf;
  }

  get leaf(): Reading {
    return readCertificate(this.certificate);
  }

  get asked(): Reading {
    return readRequest(this.facts.request);
  }
}

export interface Check {
  /** A sentence that is true of every good certificate, after the statement of the contract that it speaks for. */
  readonly name: string;
  /** An issuer without it is not asked. */
  readonly needs?: Feature;
  /** What is wrong; undefined where nothing is. */
  readonly complaint: (evidence: Evidence) => string | undefined | Promise<string | undefined>;
}

export interface Complaint {
  readonly check: string;
  readonly what: string;
}

/** In the order of the checks. One that cannot read what it is given complains of that. */
export async function complaintsOf(checks: readonly Check[], evidence: Evidence): Promise<readonly Complaint[]> {
  const said = await Promise.all(
    checks.map(async ({ name, complaint }) => {
      try {
        return { check: name, what: await complaint(evidence) };
      } catch (thrown) {
        return { check: name, what: String(thrown) };
      }
    }),
  );
  return said.flatMap(({ check, what }) => (what === undefined ? [] : [{ check, what }]));
}

/** A complaint where two values are not the same. */
export function differs(wanted: unknown, got: unknown): string | undefined {
  const [one, other] = [JSON.stringify(wanted), JSON.stringify(got)];
  return one === other ? undefined : `wanted ${one}, got ${other}`;
}

/** The same for lists whose order says nothing. */
export const differAsSets = (wanted: readonly string[], got: readonly string[]): string | undefined =>
  differs(wanted.toSorted(), got.toSorted());
