import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditEvent } from '#audit/event.ts';
import { openLog } from '#store/sqlite/open-log.ts';
import { deniedEvent, issuedEvent } from '#test/audit/example-event.ts';
import { parsed } from '#test/cli/run-cli.ts';
import { ours } from './ours.ts';
import { signers } from './tamperings.ts';

const size = 600;
const events = Array.from({ length: size }, (_, n) => issuedEvent(n));

/** Every log of these homes is whole, and each signed by its key: nothing in it tells that it was exchanged. */
describe('a home that somebody put together from parts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-homes-'));
  const sound = join(folder, 'sound');
  afterAll(() => rmSync(folder, { recursive: true }));

  async function makeHome(name: string, all: readonly AuditEvent[], signer = signers.own): Promise<string> {
    const audit = join(folder, name, 'audit');
    const log = await openLog({
      directory: audit,
      publicDirectory: join(audit, 'log'),
      guard: join(audit, 'checkpoint.guard'),
      signer,
      clock: { now: () => Date.parse('2026-11-21T12:00:00Z') },
    });
    await Promise.all(all.map((event) => log.append(event)));
    await log.close();
    writeFileSync(join(audit, 'log.vkey'), `${signers.own.vkey}\n`);
    return audit;
  }
  beforeAll(async () => {
    await makeHome('sound', events);
    await makeHome('rewritten', events.with(377, deniedEvent(377)));
    await makeHome('set back', events.slice(0, 300));
    await makeHome('other', events, signers.other);
    await makeHome('stranger', events, signers.stranger);
  });

  /** The sound home with some of its files taken from another one. */
  async function verdict(other: string, parts: readonly string[]) {
    const home = mkdtempSync(join(folder, 'home-'));
    cpSync(sound, home, { recursive: true });
    for (const part of parts) {
      rmSync(join(home, 'audit', part), { recursive: true });
      cpSync(join(folder, other, 'audit', part), join(home, 'audit', part), { recursive: true });
    }
    const ran = await ours('audit', 'verify', '--home', home, '--json');
    return { code: ran.code, ...parsed(ran) };
  }
  const within = (file: string) => expect.stringContaining(file);
  const says = (problem: string) => expect.stringContaining(problem);

  it('verifies as it is', async () => {
    expect(await verdict('sound', [])).toMatchObject({
      code: 0,
      verified: true,
      size,
      store: { verified: true, size },
    });
  });

  it.each([
    ['a store with another record', 'rewritten', 'entry 377: what is published was signed over other entries', 377],
    ['an older store', 'set back', `what is published speaks of ${size} entries, and the store has 300`, 300],
    ['the store of another log', 'other', 'the store is the log "log.example.com/other"', undefined],
  ])('A-21: %s beside what is published is found, and where', async (_, other, problem, index) => {
    const found = await verdict(other, ['log.db']);
    expect(found).toMatchObject({
      code: 1,
      store: { verified: false, file: within('log.db'), problem: says(problem), ...(index && { index }) },
    });
  });

  it.each([
    ['what is published is older than what was signed last', 'set back', ['log'], 'checkpoint', 300],
    ['what is published is of another key', 'stranger', ['log'], 'checkpoint', undefined],
    ['what is published is another log', 'other', ['log'], 'checkpoint', undefined],
    ['what is published is a fork of what was signed last', 'rewritten', ['log'], 'checkpoint.guard', 0],
    ['what is published and stored is one', 'rewritten', ['log', 'log.db'], 'checkpoint.guard', 0],
    ['what was signed last is of another key', 'stranger', ['checkpoint.guard'], 'checkpoint.guard', undefined],
  ])('A-24: %s: found, and where', async (_, other, parts, file, index) => {
    const found = await verdict(other, parts);
    expect(found).toMatchObject({ code: 1, verified: false, file: within(file), ...(index && { index }) });
  });
});
