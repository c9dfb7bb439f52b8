import { existsSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Input } from '../command/command.ts';
import type { Exit } from '../exit.ts';
import { Failure } from '../failure.ts';
import { requestCertificate } from '../issue/request-certificate.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { holdCeremony } from './ceremony.ts';
import { Layout, layOut } from './layout.ts';
import type { quickstartOptions } from './options.ts';
import { findOnRecord, publishedSize } from './record.ts';
import { type Reached, running, start, stop, writeEnv } from './server.ts';
import { showCeremony, showIssued, showNext, showRefusals, showServer } from './show.ts';
import { giveToken } from './workload-token.ts';

const identity = 'spiffe://cluster.local/ns/demo/sa/web';
const foreign = 'spiffe://other.example/ns/demo/sa/web';

export async function runQuickstart(
  { options, home }: Input<typeof quickstartOptions>,
  terminal: Terminal,
): Promise<Exit> {
  const layout = new Layout(home);
  process.env.SOFTHSM2_CONF = layout.softhsmConfig;
  if (options.clean) return clean(layout, terminal);

  layOut(layout);
  giveToken(layout);
  const before = await running(layout);
  // The store belongs to the server while it runs: a ceremony's steps are on the record before it starts.
  if (before === undefined) showCeremony(await held(layout, terminal), layout, terminal);
  const server = before ?? (await started(layout, terminal));
  writeEnv(layout, server);
  showServer(server, layout, terminal);
  try {
    await issueAndShow(layout, server, terminal);
    await refuseAndShow(layout, server, terminal);
  } finally {
    if (!options.keep && server.startedNow) await stop(layout);
  }
  showNext(layout, options.keep || !server.startedNow, terminal);
  return 'ok';
}

async function held(layout: Layout, terminal: Terminal) {
  using progress = terminal.progress('holding the root ceremony');
  progress.step('in the software token');
  return await holdCeremony(layout);
}

async function started(layout: Layout, terminal: Terminal): Promise<Reached> {
  using progress = terminal.progress('starting the CA');
  progress.step('');
  return await start(layout);
}

function requestFrom(layout: Layout, server: Reached) {
  return {
    address: server.istio,
    roots: readFileSync(layout.home.roots),
    token: readFileSync(layout.token, 'utf8'),
    ttl: 3_600,
    timeoutMs: 20_000,
  };
}

async function issueAndShow(layout: Layout, server: Reached, terminal: Terminal): Promise<void> {
  const outcome = await requestCertificate({ ...requestFrom(layout, server), identity, keyKind: 'ec:P-256' });
  if (outcome.kind !== 'issued') throw new Failure('no', `the CA did not issue: ${outcome.status} ${outcome.reason}`);
  const serial = outcome.chain.certificates[0]?.serialNumber.toLowerCase();
  const onRecord = await findOnRecord(
    layout.home,
    0,
    terminal,
    ({ certificate }) => fieldOf(certificate, 'serial') === serial,
  );
  showIssued(outcome.chain, onRecord, layout, terminal);
}

async function refuseAndShow(layout: Layout, server: Reached, terminal: Terminal): Promise<void> {
  const cases = [
    { what: 'an RSA-1024 key', identity, keyKind: 'rsa:1024' },
    { what: 'a name in a foreign trust domain', identity: foreign, keyKind: 'ec:P-256' },
  ] as const;
  const shown = [];
  for (const each of cases) {
    const since = publishedSize(layout.home);
    const outcome = await requestCertificate({
      ...requestFrom(layout, server),
      identity: each.identity,
      keyKind: each.keyKind,
    });
    if (outcome.kind !== 'refused')
      throw new Failure('no', `the CA should have refused ${each.what}, and answered ${outcome.kind}`);
    const { reason } = outcome;
    const onRecord = await findOnRecord(
      layout.home,
      since,
      terminal,
      (entry) => entry.outcome === 'denied' && typeof entry.message === 'string' && reason.includes(entry.message),
    );
    shown.push({ what: each.what, reason, onRecord });
  }
  showRefusals(shown, terminal);
}

export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined;
}

async function clean(layout: Layout, terminal: Terminal): Promise<Exit> {
  const directory = resolve(layout.home.directory);
  if (!existsSync(directory)) {
    terminal.print(`${directory}: nothing there`);
    return 'ok';
  }
  if (!existsSync(layout.marker)) {
    throw new Failure('input', `${directory} was not made by the quickstart, so it is not removed`);
  }
  const stopped = await stop(layout);
  rmSync(directory, { recursive: true });
  terminal.print(`${stopped ? 'stopped the server and ' : ''}removed ${directory}`);
  return 'ok';
}
