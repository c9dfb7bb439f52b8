import { expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { pkilint, zlint } from '#test/x509/linters.ts';
import { chainChecks } from './checks/chain.ts';
import { nameChecks } from './checks/names.ts';
import { profileChecks } from './checks/profile.ts';
import { type Check, complaintsOf, type Evidence } from './evidence.ts';
import type { Feature } from './wish.ts';

/** What is said of the issuer that a suite is declared for. */
export interface Issuer {
  readonly title: string;
  /** The statement of our contract that the suite speaks for; none where the issuer is not ours. */
  readonly statement?: string;
  /** Cases that need one of these, and checks of it, are left out. */
  readonly unsupported?: readonly Feature[];
  /** Numbers of the cases that are run; all unless told. */
  readonly only?: readonly number[];
  /** Findings of linters that are the issuer's own affair. */
  readonly tolerated?: readonly string[];
}

interface Case {
  readonly number: number;
  readonly name: string;
  readonly needs: readonly Feature[];
  readonly also?: readonly string[];
}

/** ms for what is made before the tests: keys of RSA on a busy machine. */
export const setUpMs = 150_000;

export const runFor = <C extends Case>({ unsupported = [], only }: Issuer, cases: readonly C[]): readonly C[] =>
  cases.filter(
    ({ number, needs }) => only?.includes(number) !== false && !needs.some((feature) => unsupported.includes(feature)),
  );

/** Rows of `it.each`. */
export const titled = <C extends Case>({ statement }: Issuer, cases: readonly C[]) =>
  cases.map((one) => {
    const { number, name, also = [] } = one;
    const statements = statement === undefined ? '' : `${[statement, ...also].join(', ')}: `;
    return [`${statements}case ${number}, ${name}`, one] as const;
  });

/** What holds for whatever was issued, whoever asked. `path`: of a judge. */
export function checksFor(
  { unsupported = [] }: Issuer,
  path: (judge: 'openssl' | 'go:certcheck') => string,
  more: readonly Check[],
): readonly Check[] {
  const judges = { openssl: path('openssl'), go: path('go:certcheck') };
  const all = [...nameChecks, ...profileChecks, ...chainChecks(judges), ...more];
  return all.filter(({ needs }) => needs === undefined || !unsupported.includes(needs));
}

export async function expectGood(checks: readonly Check[], evidence: Evidence): Promise<void> {
  expect(await complaintsOf(checks, evidence)).toEqual([]);
}

/** Findings about what the requests themselves ask for: an issuer that does as it is told has them all. */
const askedFor: readonly string[] = [
  'e_ca_subject_field_empty: error',
  'e_ecdsa_allowed_ku: error',
  'e_key_usage_and_extended_key_usage_inconsistent: error',
  'e_rsa_allowed_ku_no_encipherment_ca: error',
  'n_ecdsa_ee_invalid_ku: info',
  'n_multiple_subject_rdn: info',
  'pkix.ca_certificate_keycertsign_keyusage_not_set',
  'pkix.invalid_domain_name_syntax',
  'pkix.key_usage_value_prohibited_for_ec',
  'pkix.key_usage_value_prohibited_for_edwards_curve',
  'pkix.rdn_contains_duplicate_attribute_types',
];

/** Without those that were not: their own tests say so. */
export async function issuedOf(all: readonly Promise<Evidence>[]): Promise<readonly Evidence[]> {
  const ends = await Promise.allSettled(all);
  const issued = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
  expect(issued).not.toEqual([]);
  return issued;
}

/** Declares that linters find nothing in what was issued but what was asked for. */
export function linted({ tolerated = [] }: Issuer, all: () => readonly Promise<Evidence>[]): void {
  describeWith(['zlint', 'pkilint'], 'to linters', (path) => {
    it('nothing is wrong but what was asked for', async () => {
      const ders = (await issuedOf(all())).map(({ certificate }) => certificate.raw);
      const jobs = ders.map((certificate) => ({ certificate }));
      const findings = [...zlint(path('zlint'), ders), ...pkilint(path('pkilint'), jobs)].flat();
      expect([...new Set(findings)].filter((each) => ![...askedFor, ...tolerated].includes(each))).toEqual([]);
    });
  });
}
