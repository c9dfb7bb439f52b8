import { expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { pkilint, zlint } from '#test/x509/linters.ts';
import { allCopies, type Copy } from './copies.ts';

/**
 * What stands, because it is what the request says, and a request is answered as it is or not at all: key usages that an
 * EC or Edwards key has no use for (cert-manager asks for them by default), subjects in strings of other days, and an
 * agent's organization of no length.
 */
const zlintFinds: Readonly<Record<string, readonly string[]>> = {
  'K-17: the default usages on P-256': ['e_ecdsa_allowed_ku: error', 'n_ecdsa_ee_invalid_ku: info'],
  'every use there is': ['e_ecdsa_allowed_ku: error', 'n_ecdsa_ee_invalid_ku: info'],
  'a CA for servers': ['e_ecdsa_allowed_ku: error'],
  'K-25: a subject in all kinds of strings': [
    'e_subject_dn_not_printable_characters: error',
    'n_multiple_subject_rdn: info',
  ],
  "K-81: SPIRE's CA": ['e_subject_dn_not_printable_characters: error', 'n_multiple_subject_rdn: info'],
  'a subject of one empty organization': ['e_subject_printable_string_badalpha: error'],
};

/** It takes a wildcard for no DNS name, which RFC 5280 leaves to whoever uses it (§4.2.1.6). */
const wildcard = ['pkix.invalid_domain_name_syntax'];
const pkilintFinds: Readonly<Record<string, readonly string[]>> = {
  'K-17: the default usages on P-256': ['pkix.key_usage_value_prohibited_for_ec'],
  'K-17: the default usages on Ed25519': ['pkix.key_usage_value_prohibited_for_edwards_curve'],
  'every use there is': [
    'pkix.both_encipheronly_and_decipheronly_ku_set',
    'pkix.key_usage_value_prohibited_for_ec',
    'pkix.extended_key_usage_extension_with_timestamping_not_critical',
  ],
  'a CA for servers': ['pkix.key_usage_value_prohibited_for_ec'],
  'K-23: a wildcard': wildcard,
  'K-23: a wildcard and its apex': wildcard,
  'K-25: a subject in all kinds of strings': wildcard,
  'a subject of one empty organization': ['itu.invalid_asn1_syntax'],
};

const all = await allCopies();
const beside = (findings: readonly (readonly string[])[]) => findings.map((found, at) => [all[at]?.name, found]);
const those = (known: Readonly<Record<string, readonly string[]>>) => all.map(({ name }) => [name, known[name] ?? []]);

describeWith(['zlint'], 'zlint', (path) => {
  it('P-2: finds no more in a certificate with the names of its request than what the request says', () => {
    const findings = zlint(
      path('zlint'),
      all.map(({ certificate }) => certificate),
    );
    expect(beside(findings)).toEqual(those(zlintFinds));
  });
});

describeWith(['pkilint'], 'pkilint', (path) => {
  it('P-2: finds no more in a certificate with the names of its request than what the request says', () => {
    const findings = pkilint(
      path('pkilint'),
      all.map(({ certificate }) => ({ certificate })),
    );
    expect(beside(findings)).toEqual(those(pkilintFinds));
  });

  it('P-2: finds each signed by the one above', () => {
    const signer = ({ above, root }: Copy) => above[0] ?? root;
    const findings = pkilint(
      path('pkilint'),
      all.map((copy) => ({ issuer: signer(copy), subject: copy.certificate })),
    );
    const unread = { 'a subject of one empty organization': ['itu.invalid_asn1_syntax'] };
    expect(beside(findings)).toEqual(those(unread));
  });
});
