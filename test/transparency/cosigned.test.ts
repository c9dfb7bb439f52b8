import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { softwareCheckpointSigner } from '#audit/checkpoint.ts';
import { cosigner, parseWitnessVkey } from '#audit/cosignature.ts';
import { formatNote, parseNote, verifyNote } from '#audit/note.ts';
import { parsed } from '#test/cli/run-cli.ts';
import { describeWith } from '#test/oracles.ts';
import { logcheck } from './judges.ts';
import { ours } from './ours.ts';
import { entryOf, writeLog } from './written-log.ts';

describeWith(['set:transparency'], 'a log that witnesses have cosigned', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-cosigned-'));
  const at = (name: string) => join(folder, name);
  const checkpoint = at('log/checkpoint');
  const log = softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example.com/mesh');
  const witnesses = [
    cosigner('w1.example', generateKeyPairSync('ed25519').privateKey),
    cosigner('w2.example', generateKeyPairSync('ml-dsa-44').privateKey),
    cosigner('w3.example', generateKeyPairSync('ed25519').privateKey),
  ];
  const policy = (quorum: number) =>
    [
      `log ${log.vkey}`,
      ...witnesses.map(({ name, vkey }) => `witness ${name} ${vkey} https://${name}/`),
      `group enough ${quorum} ${witnesses.map(({ name }) => name).join(' ')}`,
      'quorum enough\n',
    ].join('\n');

  /** The log's checkpoint with the cosignatures of the first so many. */
  async function cosign(count: number): Promise<void> {
    const { text, signatures } = parseNote(readFileSync(checkpoint));
    const own = signatures.filter(({ name }) => name === log.origin);
    const more = await Promise.all(witnesses.slice(0, count).map((each) => each.cosign(text, 1_795_000_000)));
    writeFileSync(checkpoint, formatNote({ text, signatures: [...own, ...more] }));
  }

  beforeAll(async () => {
    const entries = Array.from({ length: 300 }, (_, n) => entryOf(n));
    await writeLog(at('log'), entries, log);
    for (const quorum of [2, 3]) writeFileSync(at(`policy${quorum}`), policy(quorum));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([0, 1, 2, 3])('A-19: with %i of three, we and formats say the same of it', async (count) => {
    await cosign(count);
    for (const quorum of [2, 3]) {
      const trusted = at(`policy${quorum}`);
      const judged = await logcheck('witnessed', trusted, checkpoint);
      expect(parsed(judged)).toEqual({ witnessed: count >= quorum });
      const ran = await ours('audit', 'verify', at('log'), '--trust-policy', trusted, '--json');
      expect(ran.code).toBe(count >= quorum ? 0 : 1);
      const names = witnesses.slice(0, count).map(({ name }) => name);
      if (count >= quorum) expect(parsed(ran)).toMatchObject({ verified: true, witnesses: names });
      else expect(parsed(ran)).toMatchObject({ verified: false, problem: expect.stringContaining('cosigned by') });
    }
  });

  it.each(['ed25519', 'ml-dsa-44'])('A-14: a cosignature by %s that formats makes holds here', async (kind) => {
    const ran = parsed(await logcheck('cosign', kind, 'go.example/w', log.vkey, checkpoint));
    const { vkey, checkpoint: cosigned } = Object(ran);
    const verifier = parseWitnessVkey(vkey);
    expect(verifyNote(parseNote(Buffer.from(cosigned)), [verifier])).toEqual([verifier]);
    writeFileSync(at('by-go'), cosigned);
    writeFileSync(at('go-policy'), `log ${log.vkey}\nwitness go ${vkey}\nquorum go\n`);
    writeFileSync(checkpoint, cosigned);
    expect(await ours('audit', 'verify', at('log'), '--trust-policy', at('go-policy'))).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('cosigned by'),
    });
  });

  it('a policy that names logs takes no --key beside it, and one that names none needs it', async () => {
    await cosign(3);
    writeFileSync(at('no-logs'), policy(3).replace(/^log .*\n/, ''));
    const verify = (...words: readonly string[]) => ours('audit', 'verify', at('log'), ...words);
    expect(await verify('--trust-policy', at('policy3'), '--key', log.vkey)).toMatchObject({ code: 2 });
    expect(await verify('--trust-policy', at('no-logs'), '--key', log.vkey)).toMatchObject({ code: 0 });
    writeFileSync(
      at('stranger'),
      policy(3).replace(
        log.vkey,
        softwareCheckpointSigner(generateKeyPairSync('ed25519').privateKey, 'log.example.com/mesh').vkey,
      ),
    );
    expect(await verify('--trust-policy', at('stranger'))).toMatchObject({ code: 1 });
    writeFileSync(at('wrong'), 'quorum none\nquorum none\n');
    expect(await verify('--trust-policy', at('wrong'))).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('line 2: there is a quorum already'),
    });
  });
});
