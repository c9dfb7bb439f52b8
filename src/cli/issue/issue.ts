import type { X509Certificate } from 'node:crypto';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { stamp } from '../terminal/duration.ts';
import { facts } from '../terminal/facts.ts';
import { plain, plainLines } from '../terminal/plain.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { chainTree } from './chain-tree.ts';
import { completeOptions } from './complete-options.ts';
import { type KeptFiles, keep } from './keep.ts';
import type { issueOptions } from './options.ts';
import { type CertificateRequestOptions, type Outcome, requestCertificate } from './request-certificate.ts';

const exitOf = {
  issued: 'ok',
  refused: 'no',
  unavailable: 'unavailable',
  failed: 'internal',
} as const satisfies Record<Outcome['kind'], Exit>;

export async function runIssue({ options, home }: Input<typeof issueOptions>, terminal: Terminal): Promise<Exit> {
  const request = completeOptions(options, home, process.env);
  const outcome = await ask(request, terminal);
  const files = outcome.kind === 'issued' && options.out !== undefined ? await keep(options.out, outcome) : undefined;
  if (options.json) terminal.printJson(outcomeJson(outcome, request, files));
  else terminal.print(outcomeText(outcome, request, files, terminal));
  return exitOf[outcome.kind];
}

async function ask(request: CertificateRequestOptions, terminal: Terminal): Promise<Outcome> {
  using progress = terminal.progress(`asking ${request.address} for ${request.identity}`);
  progress.step('');
  return await requestCertificate(request);
}

/** What a person reads; also the quickstart's. */
export function outcomeText(
  outcome: Outcome,
  request: CertificateRequestOptions,
  files: KeptFiles | undefined,
  { style }: Pick<Terminal, 'style'>,
): string {
  if (outcome.kind !== 'issued') {
    const title = `${style.bad(outcome.kind)} by ${request.address}  ${style.dim(outcome.status)}`;
    return `${title}\n  ${plainLines(outcome.reason)}`;
  }
  const { certificates } = outcome.chain;
  const [leaf] = certificates;
  const kept =
    files === undefined ? 'nothing; --out DIR keeps key and chain' : `${files.key}, ${files.chain}, ${files.roots}`;
  const lines = facts(
    [
      ['serial', leaf?.serialNumber.toLowerCase()],
      ['key', request.keyKind],
      ['valid until', leaf && stamp(leaf.validToDate.getTime())],
      ['kept', plain(kept)],
      [
        'proof',
        request.wantsProof === true
          ? plain(files?.proof ?? 'none was given; `audit prove` writes one later')
          : undefined,
      ],
    ],
    style,
  );
  return `${style.good('issued')} by ${request.address}\n\n${chainTree(certificates, Date.now(), style)}\n\n${lines}`;
}

function outcomeJson(
  outcome: Outcome,
  { address, identity, keyKind }: CertificateRequestOptions,
  files: KeptFiles | undefined,
) {
  const asked = { address, identity, key: keyKind };
  if (outcome.kind !== 'issued')
    return { outcome: outcome.kind, status: outcome.status, reason: outcome.reason, ...asked };
  const { certificates, chainPem, rootsPem } = outcome.chain;
  return {
    outcome: outcome.kind,
    ...asked,
    chain: certificates.map(certificateJson),
    chainPem,
    rootsPem,
    ...(files && { files }),
  };
}

function certificateJson(certificate: X509Certificate) {
  return {
    subject: certificate.subject?.split('\n').join(', ') ?? '',
    names: certificate.subjectAltName ?? '',
    serial: certificate.serialNumber.toLowerCase(),
    notBefore: stamp(certificate.validFromDate.getTime()),
    notAfter: stamp(certificate.validToDate.getTime()),
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  };
}
