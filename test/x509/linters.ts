import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toPem } from '#x509/pem.ts';

/** zlint and pkilint over many documents at a time; each answers with one list of findings per document. */

function inFiles<T>(documents: readonly Uint8Array[], use: (files: readonly string[]) => T, format = 'der'): T {
  const folder = mkdtempSync(join(tmpdir(), 'linters-'));
  try {
    const files = documents.map((document, i) => {
      const file = join(folder, `${i}.${format}`);
      writeFileSync(file, document);
      return file;
    });
    return use(files);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What is about the public web and not about RFC 5280. */
const otherSources = 'CABF_BR,CABF_EV,CABF_SMIME_BR,Mozilla,Apple,ETSI_ESI';

type Results = Readonly<Record<string, { readonly result: string }>>;

/** `name: result` for each lint that found something; RFC and community sources. */
export function zlint(program: string, certificates: readonly Uint8Array[]): string[][] {
  return inFiles(certificates, (files) => ran(program, 'der', files, 20));
}

/** The same for CRLs, of which it looks at two things; it does not leave out the sources that it is told to. */
export function zlintCrls(program: string, crls: readonly Uint8Array[]): string[][] {
  const pems = crls.map((crl) => Buffer.from(toPem('X509 CRL', crl)));
  return inFiles(pems, (files) => ran(program, 'pem', files, 1), 'pem');
}

function ran(program: string, format: string, files: readonly string[], least: number): string[][] {
  const output = execFileSync(program, ['-format', format, '-excludeSources', otherSources, ...files], {
    encoding: 'utf8',
  });
  return output
    .trim()
    .split('\n')
    .map((line) => {
      const results: Results = JSON.parse(line);
      const told = Object.entries(results).filter(
        ([name, { result }]) => result !== 'NA' && result !== 'NE' && !name.startsWith('e_cab_crl_'),
      );
      if (told.filter(([, { result }]) => result === 'pass').length < least)
        return [`too few lints ran: ${told.length}`];
      return told.filter(([, { result }]) => result !== 'pass').map(([name, { result }]) => `${name}: ${result}`);
    });
}

interface PkilintResult {
  readonly node_path: string;
  readonly finding_descriptions: readonly { readonly severity: string; readonly code: string }[];
}

export type PkilintJob =
  | { readonly certificate: Uint8Array }
  | { readonly crl: Uint8Array }
  | { readonly ocspResponse: Uint8Array }
  | { readonly issuer: Uint8Array; readonly subject: Uint8Array };

/** Codes of findings, NOTICE and worse. Its URL library knows no `spiffe` scheme: that one finding is left out. */
export function pkilint(python: string, jobs: readonly PkilintJob[]): string[][] {
  const documents = jobs.flatMap((job) => Object.values(job));
  return inFiles(documents, (files) => {
    let at = 0;
    const next = () => files[at++] ?? '';
    const commands = jobs.map((job) => {
      if ('certificate' in job) return ['lint_pkix_cert', next()];
      if ('crl' in job) return ['lint_crl', '-t', 'CRL', '-p', 'PKIX', next()];
      if ('ocspResponse' in job) return ['lint_ocsp_response', next()];
      return ['lint_pkix_signer_signee_cert_chain', next(), next()];
    });
    const script = join(import.meta.dirname, 'pkilint-batch.py');
    const output = execFileSync(python, [script], { input: JSON.stringify(commands), encoding: 'utf8' });
    const answers: readonly (readonly PkilintResult[])[] = JSON.parse(output);
    return answers.map((results) =>
      results
        .flatMap(({ finding_descriptions }) => finding_descriptions.map(({ code }) => code))
        .filter((code) => code !== 'pkix.invalid_uri_syntax'),
    );
  });
}
