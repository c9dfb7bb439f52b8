import type { CeremonyTools } from '#ceremony/context.ts';
import type { CeremonyPlan } from '#ceremony/plan.ts';
import { type CeremonyOutcome, type CertifiedAuthority, runCeremony, type SignedCrl } from '#ceremony/run.ts';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { stamp } from '../terminal/duration.ts';
import { facts } from '../terminal/facts.ts';
import { plain } from '../terminal/plain.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { openPlan } from './open-plan.ts';
import type { runOptions } from './options.ts';
import { openTools } from './tools.ts';

export async function runRun({ options, operands, home }: Input<typeof runOptions>, terminal: Terminal): Promise<Exit> {
  const plan = openPlan(operands[0], home, terminal);
  await using open = await openTools(plan, options.config);
  const outcome = await perform(plan, open.tools, terminal);
  if (options.json) terminal.printJson(outcomeJson(outcome));
  else terminal.print(outcomeText(outcome, terminal));
  return 'ok';
}

async function perform(plan: CeremonyPlan, tools: CeremonyTools, terminal: Terminal): Promise<CeremonyOutcome> {
  using progress = terminal.progress(`ceremony ${plan.name}`);
  return await runCeremony(plan, tools, ({ planned }) => progress.step(`${planned.label} is done`));
}

/** What a person reads; also the quickstart's. */
export function outcomeText(
  { authorities, crl, unchanged, transcriptPaths }: CeremonyOutcome,
  { style }: Pick<Terminal, 'style'>,
): string {
  return [
    ...authorities.map((authority) => authorityText(authority, style)),
    ...(crl === undefined ? [] : [crlText(crl, style)]),
    unchanged ? style.dim('everything was in place; nothing was changed') : style.good('done'),
    `transcript: ${plain(transcriptPaths[0])}`,
  ].join('\n');
}

function authorityText(authority: CertifiedAuthority, style: Terminal['style']): string {
  const { planned, certificate, fingerprint, keyWas, certificateWas } = authority;
  const list = facts(
    [
      ['subject', plain(planned.subjectText)],
      ['key', `${planned.key}, ${planned.keyIn}: ${keyWas}`],
      ['certificate', `${certificateWas}, valid until ${stamp(certificate.notAfter * 1000)}`],
      ['sha256', fingerprint],
      ['file', plain(planned.output)],
    ],
    style,
  );
  return `${style.heading(`${planned.role} ${planned.label}`)}\n${list}`;
}

function crlText({ planned, nextUpdate, fingerprint, was }: SignedCrl, style: Terminal['style']): string {
  const { number, revoked, output } = planned;
  const list = facts(
    [
      ['cRLNumber', String(number)],
      ['CRL', `${was}, lists ${revoked.length}, valid until ${stamp(nextUpdate * 1000)}`],
      ['sha256', fingerprint],
      ['file', plain(output)],
    ],
    style,
  );
  return `${style.heading('CRL of the root')}\n${list}`;
}

function outcomeJson({ plan, authorities, crl, unchanged, journalPath, rootsPath, transcriptPaths }: CeremonyOutcome) {
  return {
    ceremony: plan.name,
    fileSha256: plan.fileSha256,
    unchanged,
    authorities: authorities.map(({ planned, certificate, fingerprint, keyWas, certificateWas }) => ({
      role: planned.role,
      label: planned.label,
      key: planned.key,
      keyIn: planned.keyIn,
      keyWas,
      certificateWas,
      notAfter: stamp(certificate.notAfter * 1000),
      sha256: fingerprint,
      file: planned.output,
    })),
    ...(crl && {
      crl: {
        number: crl.planned.number,
        was: crl.was,
        revoked: crl.planned.revoked.map(({ serial }) => serial),
        nextUpdate: stamp(crl.nextUpdate * 1000),
        sha256: crl.fingerprint,
        file: crl.planned.output,
      },
    }),
    roots: rootsPath,
    journal: journalPath,
    transcripts: transcriptPaths,
  };
}
