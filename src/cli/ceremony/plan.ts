import type { PlannedCrl, PlannedRevocation } from '#ceremony/crl-plan.ts';
import type { CeremonyPlan, PlannedCertificate, SecretPlace } from '#ceremony/plan.ts';
import type { Input } from '../command/command.ts';
import type { Flag } from '../command/options.ts';
import type { Exit } from '../exit.ts';
import { inWords, stamp } from '../terminal/duration.ts';
import { type Fact, facts } from '../terminal/facts.ts';
import { plain } from '../terminal/plain.ts';
import type { Style } from '../terminal/style.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { openPlan } from './open-plan.ts';

export async function runPlan(
  { options, operands, home }: Input<{ readonly json: Flag }>,
  terminal: Terminal,
): Promise<Exit> {
  const plan = openPlan(operands[0], home, terminal);
  if (options.json) terminal.printJson(plan);
  else terminal.print(planText(plan, terminal.style));
  return 'ok';
}

/** Every field, certificate by certificate. */
export function planText(plan: CeremonyPlan, style: Style): string {
  const certificates = [...(plan.root === undefined ? [] : [plan.root]), ...plan.intermediates];
  return [
    style.heading(`Ceremony ${plan.name}`),
    facts(ceremonyFacts(plan), style),
    ...certificates.flatMap((planned) => [
      '',
      style.heading(`${planned.role} ${planned.label}`),
      facts(certificateFacts(planned), style),
    ]),
    ...(plan.crl === undefined
      ? []
      : ['', style.heading(`CRL of ${plan.root?.label ?? ''}`), facts(crlFacts(plan.crl), style)]),
  ].join('\n');
}

function ceremonyFacts({
  file,
  fileSha256,
  trustDomain,
  operators,
  approvers,
  token,
  software,
  outputs,
}: CeremonyPlan): Fact[] {
  return [
    ['file', plain(file)],
    ['sha256', fileSha256],
    ['trust domain', trustDomain],
    ['operators', plain(operators.join(', '))],
    ['approvers', plain(approvers.join(', ') || 'none')],
    [
      'token',
      token && [
        plain(token.uri),
        `library ${plain(token.module ?? 'as the URI says')}`,
        `PIN from ${placeOf(token.pin)}`,
      ],
    ],
    ['key files', software && `passphrase from ${placeOf(software.passphrase)}`],
    ['outputs', plain(outputs)],
  ];
}

const placeOf = (place: SecretPlace) => plain('file' in place ? place.file : `the environment variable ${place.env}`);

const whereKeysLive = {
  hsm: 'in the token, never extractable',
  software: 'in an encrypted file',
  memory: 'in memory, made at each start of the server',
} as const;

function certificateFacts(planned: PlannedCertificate): Fact[] {
  return [
    ['key', `${planned.key}, ${whereKeysLive[planned.keyIn]}`],
    ['subject', plain(planned.subjectText)],
    ['issuer', plain(planned.issuerText)],
    ['lifetime', inWords(planned.lifetime)],
    [
      'basicConstraints',
      `CA${planned.pathLength === undefined ? '' : `, at most ${planned.pathLength} CAs below`} (critical)`,
    ],
    ['keyUsage', `${planned.keyUsage.join(', ')} (critical)`],
    ['subjectAltName', planned.san && `URI:${planned.san}`],
    ['written to', planned.keyIn === 'memory' ? undefined : plain(planned.output)],
  ];
}

function crlFacts({ number, lifetime, revoked, output }: PlannedCrl): Fact[] {
  return [
    ['cRLNumber', String(number)],
    ['lifetime', inWords(lifetime)],
    ['revoked', revoked.length === 0 ? 'none' : revoked.map(revokedText)],
    ['written to', plain(output)],
  ];
}

function revokedText({ serial, reason, revokedAt, subjectText }: PlannedRevocation): string {
  const whose = subjectText === undefined ? '' : ` (${plain(subjectText)})`;
  return `${serial}${whose} since ${stamp(revokedAt * 1000)}, ${reason}`;
}
