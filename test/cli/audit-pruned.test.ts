import { generateKeyPairSync } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cosigner } from '#audit/cosignature.ts';
import { formatNote, parseNote } from '#audit/note.ts';
import { describeWith } from '#test/oracles.ts';
import { PostgresServer } from '#test/support/postgres/server.ts';
import { dropped, later, old, PrunedLog, told, young } from './pruned-log.ts';
import { parsed, scratch } from './run-cli.ts';
import { here } from './run-here.ts';

const size = 512 + young + 2;

/** Asked of a log whose older bodies were dropped. */
function prunedSuite(
  name: string,
  make: (whole: (log: PrunedLog) => Promise<void>) => Promise<PrunedLog>,
  furtherOf: (log: () => PrunedLog) => void = () => {},
): void {
  describe(`a log on ${name} that has forgotten its older half`, () => {
    let log: PrunedLog;
    const before = join(scratch(), 'before.jsonl');
    const audit = (...words: readonly string[]) => here(['audit', ...words, '--json', '--home', log.home.directory]);
    const ofStore = () => ['--store', log.configuration];

    beforeAll(async () => {
      log = await make(async (whole) => {
        log = whole;
        await audit('export', '-o', before);
      });
    });
    afterAll(() => log[Symbol.dispose]());

    describe('audit verify', () => {
      it('names what has only hashes left, of what is published and of the store', async () => {
        const hashesOnly = [{ from: told, to: 512 }];
        expect(parsed(await audit('verify'))).toMatchObject({
          verified: true,
          hashesOnly,
          store: { verified: true, hashesOnly },
        });
      });
    });

    describe('audit replay', () => {
      it.each(['published', 'store'] as const)(
        'A-38: of the %s decides what is left, and counts what it cannot',
        async (of) => {
          const ran = await audit('replay', ...(of === 'store' ? ofStore() : []));
          expect(parsed(ran)).toMatchObject({
            fits: true,
            size,
            dropped,
            kinds: {
              dropped: { count: dropped },
              workload: { count: young },
              'intent-dropped': { count: 1 },
            },
          });
          expect(parsed(ran).kinds).not.toHaveProperty('authority');
          expect(ran.code).toBe(0);
        },
      );

      it.each(['published', 'store'] as const)('A-38: of the %s decides all of it, with the archive', async (of) => {
        const ran = await audit('replay', '--archive', log.whole, ...(of === 'store' ? ofStore() : []));
        expect(parsed(ran)).toMatchObject({
          fits: true,
          size,
          kinds: { workload: { count: old + young }, authority: { count: 1 } },
        });
        expect(parsed(ran)).not.toHaveProperty('dropped');
      });

      it('an archive that was changed counts for nothing: exit 1', async () => {
        const changed = join(scratch(), 'archive');
        cpSync(log.whole, changed, { recursive: true });
        const bundle = join(changed, 'tile', 'entries', '000');
        writeFileSync(bundle, readFileSync(bundle, 'latin1').replace('/sa/web', '/sa/wob'), 'latin1');
        for (const words of [[], ofStore()])
          expect((await audit('replay', '--archive', changed, ...words)).code).toBe(1);
      });

      it('of a time after which nothing was dropped says nothing of what was', async () => {
        const ran = parsed(await audit('replay', '--since', later.toISOString()));
        expect(ran).toMatchObject({ fits: true, kinds: { workload: { count: young - 1 } } });
        expect(ran).not.toHaveProperty('dropped');
      });

      it('says to people that it speaks of what is left', async () => {
        const { stdout, stderr } = await here(['audit', 'replay', '--home', log.home.directory]);
        expect(stdout).toContain(`in what is left of the ${size} entries`);
        expect(stderr).toContain(`of ${dropped} of them only the hashes are left`);
      });

      it('put to other policies, it counts them too', async () => {
        const policies = log.home.path('policies.yaml');
        writeFileSync(policies, readFileSync(new URL('../../policies/istio.yaml', import.meta.url)));
        expect(parsed(await audit('replay', '--policies', policies))).toMatchObject({ size, dropped });
      });

      it.each([['--kept'], ['--trust-policy']])('%s says nothing of a store: exit 2', async (option) => {
        expect((await audit('replay', ...ofStore(), option, log.configuration)).code).toBe(2);
      });
    });

    describe('audit export', () => {
      const left = join(scratch(), 'left.jsonl');
      const whole = join(scratch(), 'whole.jsonl.gz');

      it('writes what is left, counts what is not, and claims no completeness', async () => {
        expect(parsed(await audit('export', '-o', left))).toMatchObject({
          rows: size - dropped,
          dropped,
          complete: false,
        });
        for (const words of [[], ['--log', log.home.published], ['--log', log.home.published, '--archive', log.whole]])
          expect(parsed(await audit('verify-export', left, ...words))).toMatchObject({
            verified: true,
            dropped,
            complete: false,
          });
      });

      it('with the archive, all of it', async () => {
        expect(parsed(await audit('export', '--archive', log.whole, '-o', whole))).toMatchObject({
          rows: size,
          complete: true,
        });
        expect(parsed(await audit('verify-export', whole))).toMatchObject({ verified: true, complete: true });
        const again = ['verify-export', whole, '--log', log.home.published];
        expect(parsed(await audit(...again, '--archive', log.whole))).toMatchObject({ verified: true, by: 'log' });
      });

      it('finds what stays among what went', async () => {
        const file = join(scratch(), 'policies.jsonl');
        expect(parsed(await audit('export', '--type', 'policy', '-o', file))).toMatchObject({ rows: 1, dropped });
      });

      it('one from before proves itself; the log alone can no longer make it again, and accuses nobody', async () => {
        expect(parsed(await audit('verify-export', before))).toMatchObject({ verified: true, complete: true });
        const again = ['verify-export', before, '--log', log.home.published];
        expect(await audit(...again)).toMatchObject({
          code: 3,
          stderr: expect.stringContaining('more of it was dropped'),
        });
        expect(parsed(await audit(...again, '--archive', log.whole))).toMatchObject({ verified: true, complete: true });
      });

      it('a manifest that says of too few or too many that they were dropped is found', async () => {
        const manifest = `${left}.manifest.json`;
        const text = readFileSync(manifest, 'utf8');
        for (const other of [dropped + 1, dropped - 1]) {
          writeFileSync(manifest, text.replace(`"dropped": ${dropped}`, `"dropped": ${other}`));
          expect((await audit('verify-export', left, '--log', log.home.published)).code).not.toBe(0);
        }
        writeFileSync(manifest, text.replace(/\n *"dropped": \d+,/, ''));
        expect((await audit('verify-export', left)).code).toBe(1);
        writeFileSync(manifest, text);
      });
    });

    describe('a trust policy', () => {
      const witness = cosigner('w.example', generateKeyPairSync('ed25519').privateKey);
      const stranger = cosigner('w.example', generateKeyPairSync('ed25519').privateKey);
      const trusting = ({ vkey }: typeof witness) => {
        const file = join(scratch(), 'policy');
        writeFileSync(file, `log ${log.signer.vkey}\nwitness w ${vkey}\nquorum w\n`);
        return ['--trust-policy', file];
      };
      beforeAll(async () => {
        const checkpoint = join(log.home.published, 'checkpoint');
        const { text, signatures } = parseNote(readFileSync(checkpoint));
        const cosignature = await witness.cosign(text, 1_795_000_000);
        writeFileSync(checkpoint, formatNote({ text, signatures: [...signatures, cosignature] }));
        await audit('export', '-o', exported);
      });
      const exported = join(scratch(), 'cosigned.jsonl');
      const out = () => join(scratch(), 'out');

      it.each([
        ['replay', () => ['replay']],
        ['export', () => ['export', '-o', out()]],
        ['verify-export', () => ['verify-export', exported]],
        ['ask --proof', () => ['ask', 'records', '--limit', '1', '--proof', out()]],
      ])('A-19: %s believes a checkpoint that its witnesses have cosigned, and no other', async (_, words) => {
        expect((await audit(...words(), ...trusting(witness))).code).toBe(0);
        expect(await audit(...words(), ...trusting(stranger))).toMatchObject({ code: 1 });
      });

      it('of an export names who has cosigned; and is of no use to a question without a proof: exit 2', async () => {
        expect(parsed(await audit('verify-export', exported, ...trusting(witness)))).toMatchObject({
          verified: true,
          witnesses: ['w'],
        });
        expect((await audit('ask', 'records', ...trusting(witness))).code).toBe(2);
      });
    });

    it('A-38: evidence of what is published accuses nobody of what was dropped', () => demandEvidence(log));

    furtherOf(() => log);
  });
}

/** Without the archive what was dropped is named, and nothing else; with it there is nothing to name. */
async function demandEvidence({ home, whole }: PrunedLog, ...of: readonly string[]): Promise<void> {
  const named = () => ['--home', home.directory, '--period', '2026', '--json', '-o', join(scratch(), 'pack')];
  const evidence = async (...words: readonly string[]) => parsed(await here(['evidence', ...named(), ...of, ...words]));
  const dropping = expect.stringContaining(`Of ${dropped} records that may be of this period only the hashes are left`);
  expect(await evidence()).toMatchObject({ records: size - dropped, misfits: [dropping] });
  expect(await evidence('--archive', whole)).toMatchObject({ records: size, misfits: [] });
}

prunedSuite('SQLite', (whole) => PrunedLog.of(undefined, whole));
describeWith(['postgres'], 'the second engine', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  prunedSuite(
    'PostgreSQL',
    (whole) => PrunedLog.of(server.settings('pruned'), whole),
    (log) => {
      it('A-38: evidence of the database alone accuses nobody of what was dropped', () =>
        demandEvidence(log(), '--store', log().configuration));
      describe('audit export from the database alone', () => {
        const audit = (...words: readonly string[]) =>
          here(['audit', ...words, '--json', '--home', log().home.directory]);
        const shared = () => ['--store', log().configuration];
        const out = () => join(scratch(), 'out.jsonl');

        it('A-30: writes what the published log gives, with its archive and without', async () => {
          for (const archive of [[], ['--archive', log().whole]]) {
            const [one, other] = [out(), out()];
            const ran = await audit('export', ...shared(), ...archive, '-o', one);
            expect(parsed(ran)).toMatchObject({ complete: archive.length > 0 });
            expect(ran.code).toBe(0);
            await audit('export', '--log', log().home.published, ...archive, '-o', other);
            expect(readFileSync(one).equals(readFileSync(other))).toBe(true);
            expect(parsed(await audit('verify-export', one, ...shared(), ...archive))).toMatchObject({ by: 'log' });
          }
        });

        it('what was dropped since then accuses nobody, and an archive that was changed counts for nothing', async () => {
          const file = out();
          await audit('export', ...shared(), '--archive', log().whole, '-o', file);
          expect((await audit('verify-export', file, ...shared())).code).toBe(3);
          const changed = join(scratch(), 'archive');
          cpSync(log().whole, changed, { recursive: true });
          const bundle = join(changed, 'tile', 'entries', '000');
          writeFileSync(bundle, readFileSync(bundle, 'latin1').replace('/sa/web', '/sa/wob'), 'latin1');
          expect((await audit('verify-export', file, ...shared(), '--archive', changed)).code).toBe(1);
        });

        it('A-19: believes the checkpoint there once its witnesses have cosigned it', async () => {
          const witness = cosigner('w.example', generateKeyPairSync('ed25519').privateKey);
          const policy = join(scratch(), 'policy');
          writeFileSync(policy, `log ${log().signer.vkey}\nwitness w ${witness.vkey}\nquorum w\n`);
          const trusting = () => audit('export', ...shared(), '--trust-policy', policy, '-o', out());
          expect(await trusting()).toMatchObject({
            code: 1,
            stderr: expect.stringContaining('cosigned by no witness'),
          });
          const [row] = await server.sql('SELECT shown FROM pruned.signed');
          const { text, signatures } = parseNote(Buffer.from(String(row?.shown)));
          const note = formatNote({ text, signatures: [...signatures, await witness.cosign(text, 1_795_000_000)] });
          await server.sql(`UPDATE pruned.signed SET shown = '${note}'`);
          expect((await trusting()).code).toBe(0);
        });
      });
    },
  );
});
