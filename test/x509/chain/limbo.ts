import { readFileSync } from 'node:fs';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { CertificateError } from '#x509/certificate-error.ts';
import { type ChainVerdict, checkChain } from '#x509/chain/check-chain.ts';
import { readCrl } from '#x509/chain/crl.ts';

/** One case of C2SP x509-limbo, as far as it is used here. Certificates and CRLs are PEM. */
export interface LimboCase {
  readonly id: string;
  readonly expected_result: 'SUCCESS' | 'FAILURE';
  readonly validation_kind: 'SERVER' | 'CLIENT';
  readonly validation_time: string | null;
  readonly extended_key_usage: readonly string[];
  readonly max_chain_depth: number | null;
  readonly peer_certificate: string;
  readonly untrusted_intermediates: readonly string[];
  readonly trusted_certs: readonly string[];
  readonly crls: readonly string[];
}

export function limboCases(file: string): readonly LimboCase[] {
  const parsed: { readonly testcases: readonly LimboCase[] } = JSON.parse(readFileSync(file, 'utf8'));
  return parsed.testcases;
}

const der = (pem: string) => new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64'));

/** Those that can be read; one that cannot is as good as absent. */
function readable(pems: readonly string[]): Certificate[] {
  return pems.flatMap((pem) => {
    try {
      return [readCertificate(der(pem))];
    } catch (thrown) {
      if (thrown instanceof CertificateError) return [];
      throw thrown;
    }
  });
}

const fixedNow = Date.UTC(2026, 10, 21) / 1000;

/** Our verdict, in words: `good`, `unreadable: …`, or the codes of the faults. */
export function judge(each: LimboCase): string {
  try {
    const verdict = ask(each);
    return verdict.good ? 'good' : verdict.faults.map(({ code }) => code).join(' ');
  } catch (thrown) {
    if (thrown instanceof CertificateError) return `unreadable: ${thrown.message}`;
    throw thrown;
  }
}

function ask(each: LimboCase): ChainVerdict {
  return checkChain({
    target: readCertificate(der(each.peer_certificate)),
    intermediates: readable(each.untrusted_intermediates),
    roots: readable(each.trusted_certs),
    crls: each.crls.map((pem) => readCrl(der(pem))),
    now: each.validation_time === null ? fixedNow : Date.parse(each.validation_time) / 1000,
    purpose: each.validation_kind === 'SERVER' ? 'serverAuth' : 'clientAuth',
    ...(each.max_chain_depth !== null && { maxIntermediates: each.max_chain_depth }),
  });
}
