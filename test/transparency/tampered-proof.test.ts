import { hash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { completeEntry, encodeEvent } from '#audit/entry.ts';
import { deniedEvent, issuedEvent } from '#test/audit/example-event.ts';
import { describeWith } from '#test/oracles.ts';
import { type TestAuthority, testAuthority } from '#test/support/software-ca.ts';
import { logcheck } from './judges.ts';
import { ours } from './ours.ts';
import { signers, sound } from './tamperings.ts';
import { time, writeLog } from './written-log.ts';

const [own, other] = [testAuthority({ commonName: 'own' }), testAuthority({ commonName: 'other' })];
const about = ({ certificate }: TestAuthority) => ({ sha256: hash('sha256', certificate, 'hex'), serial: '41' });
const record = (seq: number, of: TestAuthority, as = issuedEvent(seq)) =>
  completeEntry(encodeEvent({ ...as, certificate: about(of) }), seq, time);
const entries = sound.with(137, record(137, own)).with(138, record(138, other));
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const shift = (line: string) => base64(Buffer.from(line, 'base64').map((octet, at) => (at === 7 ? octet ^ 1 : octet)));

/** The lines of the proof of 137, by their place; `of` gives those of another. */
type Change = (lines: string[], of: (name: 'neighbour' | 'older' | 'stranger') => string[]) => string[];
const [header, extra, index, first] = [0, 1, 2, 3];

/** What is made of a proof, and whether it then is no proof at all (exit 3) or one that does not hold (exit 1). */
const tamperings: Readonly<Record<string, readonly [change: Change, exit: 1 | 3]>> = {
  'the proof of its neighbour': [(_, of) => of('neighbour'), 1],
  "its neighbour's index": [(lines) => lines.with(index, 'index 138'), 1],
  "its neighbour's entry": [(lines, of) => lines.with(extra, of('neighbour')[extra] ?? ''), 1],
  'an entry that says the right thing and is not in the log': [
    (lines) => lines.with(extra, `extra ${base64(record(137, own, issuedEvent(7)))}`),
    1,
  ],
  'one bit of a hash': [(lines) => lines.with(first + 4, shift(lines[first + 4] ?? '')), 1],
  'a hash dropped': [(lines) => lines.toSpliced(first + 2, 1), 1],
  'a hash twice': [(lines) => lines.toSpliced(first, 0, lines[first] ?? ''), 1],
  'two hashes exchanged': [(lines) => lines.toSpliced(first, 2, lines[first + 1] ?? '', lines[first] ?? ''), 1],
  'no hashes at all': [(lines) => [...lines.slice(0, first), ...lines.slice(lines.indexOf(''))], 1],
  'an older checkpoint': [
    (lines, of) => [...lines.slice(0, lines.indexOf('')), ...of('older').slice(of('older').indexOf(''))],
    1,
  ],
  'a whole proof under the key of a stranger': [(_, of) => of('stranger'), 1],
  'another size in its checkpoint': [(lines) => lines.map((line) => (line === '600' ? '601' : line)), 1],
  'its checkpoint without a signature': [(lines) => [...lines.slice(0, -2), ''], 1],
  'the header of another version': [(lines) => lines.with(header, 'c2sp.org/tlog-proof@v2'), 3],
  'no index': [(lines) => lines.toSpliced(index, 1), 3],
  'no entry': [(lines) => lines.toSpliced(extra, 1), 3],
};

describeWith(['set:transparency'], 'what somebody did to a proof', () => {
  const home = mkdtempSync(join(tmpdir(), 'countersign-proofs-'));
  const file = (name: string) => join(home, name);
  const { vkey } = signers.own;
  afterAll(() => rmSync(home, { recursive: true }));

  /** The proof that the command writes. */
  async function proofOf(certificate: string, log: string, key = vkey): Promise<string[]> {
    const words = ['audit', 'prove', file(certificate), '--log', file(log), '--key', key, '--out', file('written')];
    expect(await ours(...words)).toMatchObject({ code: 0 });
    return readFileSync(file('written'), 'utf8').split('\n');
  }
  const proofs = { good: [''], neighbour: [''], older: [''], stranger: [''] };
  beforeAll(async () => {
    writeFileSync(file('own.pem'), own.pem);
    writeFileSync(file('other.pem'), other.pem);
    await writeLog(file('log'), entries, signers.own);
    await writeLog(file('older'), entries.slice(0, 300), signers.own);
    await writeLog(file('stranger'), entries, signers.stranger);
    proofs.good = await proofOf('own.pem', 'log');
    proofs.neighbour = await proofOf('other.pem', 'log');
    proofs.older = await proofOf('own.pem', 'older');
    proofs.stranger = await proofOf('own.pem', 'stranger', signers.stranger.vkey);
  });

  async function verdicts(lines: readonly string[]) {
    writeFileSync(file('proof'), lines.join('\n'));
    const [here, there] = await Promise.all([
      ours('audit', 'check', file('own.pem'), '--proof', file('proof'), '--key', vkey),
      logcheck('proof', vkey, file('proof'), file('own.pem')),
    ]);
    return { here: here.code, there: there.code };
  }

  it('nothing: it holds, here and elsewhere', async () => {
    expect(await verdicts(proofs.good)).toEqual({ here: 0, there: 0 });
    expect(await verdicts(proofs.older)).toEqual({ here: 0, there: 0 });
  });

  it.each(Object.entries(tamperings))('A-15: %s: found, here and elsewhere', async (_, [change, exit]) => {
    const changed = change([...proofs.good], (name) => [...proofs[name]]);
    expect(changed).not.toEqual(proofs.good);
    expect(await verdicts(changed)).toEqual({ here: exit, there: 1 });
  });

  it('A-15: the record of a refusal proves no issuance, whatever certificate it names', async () => {
    await writeLog(file('refusals'), entries.with(138, record(138, other, deniedEvent(138))), signers.own);
    const none = await ours('audit', 'prove', file('other.pem'), '--log', file('refusals'), '--key', vkey);
    expect(none).toMatchObject({ code: 1 });
  });
});
