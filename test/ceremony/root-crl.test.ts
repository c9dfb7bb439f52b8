import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { certify } from '#authority/certify.ts';
import { signCrl } from '#authority/revocation/sign-crl.ts';
import type { CeremonyTools } from '#ceremony/context.ts';
import type { CeremonyFact } from '#ceremony/ports.ts';
import { type CeremonyOutcome, type CertifiedAuthority, runCeremony } from '#ceremony/run.ts';
import { durableShelf } from '#keys/durable-shelf.ts';
import { SoftwareSigner } from '#keys/software/signer.ts';
import { type TestToken, testToken } from '#test/keys/softhsm.ts';
import { describeWith } from '#test/oracles.ts';
import { testAuthority } from '#test/support/software-ca.ts';
import { readCertificate } from '#x509/certificate.ts';
import { readCrl } from '#x509/chain/crl.ts';
import { readPem, toPem } from '#x509/pem.ts';
import { servingTbs } from '#x509/profile/ca-certificate.ts';
import { openStores, systemClock, systemEntropy, testPlan } from './setting.ts';

const second = `
  - label: ROUND-second
    key: ec:P-256
    keyIn: hsm
    subject: { commonName: Second mesh CA }
    lifetime: 90d
outputs:`;
const since = '2026-01-02T03:04:05Z';
const now = Math.floor(Date.now() / 1000);

describeWith(['softhsm', 'openssl'], 'the CRL of a root in SoftHSM', () => {
  const held: { token?: TestToken } = {};
  const home = () => held.token?.directory ?? '';
  beforeAll(async () => {
    held.token = await testToken();
  });
  afterAll(() => held.token?.remove());

  const at = (round: string, name: string) => join(home(), round, `${round}-${name}`);

  /** The ceremony that ships with a second intermediate, and a CRL where `crl` says so. */
  async function run(round: string, crl: string, tools: Partial<CeremonyTools> = {}): Promise<CeremonyOutcome> {
    const plan = testPlan(home(), (text) =>
      text
        .replace('\noutputs:', second.replace('ROUND', round))
        .replaceAll('quickstart-', `${round}-`)
        .replace('outputs: ca', `outputs: ${round}${crl && `\ncrl: ${crl}`}`),
    );
    const stores = await openStores(plan);
    const usual = { stores, shelf: durableShelf, clock: systemClock, entropy: systemEntropy };
    return runCeremony(plan, { ...usual, ...tools }).finally(() => stores.hsm?.close());
  }

  const crl = (number: number, ...revoked: string[]) =>
    `{ number: ${number}, lifetime: 180d, revoked: [${revoked.join(', ')}] }`;
  const revoked = (which: string, reason = 'cACompromise') => `{ ${which}, reason: ${reason}, revokedAt: "${since}" }`;
  const file = (round: string, name: string) => `certificate: ${round}/${round}-${name}.pem`;
  const written = (round: string) => readCrl(readPem(readFileSync(at(round, 'root.crl.pem'), 'utf8'), ['X509 CRL']));
  const serial = (round: string, name: string) =>
    readCertificate(readPem(readFileSync(at(round, `${name}.pem`), 'utf8'), ['CERTIFICATE'])).serialText;

  /** A leaf and a CRL of an intermediate, each by its key in the token. */
  async function issueBelow(round: string, name: string) {
    const plan = testPlan(home());
    const { hsm } = await openStores(plan);
    const key = await hsm?.find(`${round}-${name}`);
    if (key === undefined) throw new Error('no key');
    const ca = readCertificate(readPem(readFileSync(at(round, `${name}.pem`), 'utf8'), ['CERTIFICATE']));
    const issuer = { name: ca.subject, keyId: ca.subjectKeyId ?? new Uint8Array() };
    const { spki } = new SoftwareSigner(testAuthority({ commonName: 'Leaf' }).key);
    const times = { notBefore: now - 60, notAfter: now + 3600, serial: Uint8Array.of(5) };
    const terms = { ...times, spki, issuer, names: { dns: ['web.example'] }, keyEncipherment: false };
    const leaf = await certify(servingTbs(terms, key.signer.algorithm), key.signer);
    const list = { issuer, number: Uint8Array.of(1), thisUpdate: now - 60, nextUpdate: now + 3600, revoked: [] };
    const own = await signCrl(list, { name, signer: key.signer, verify: async () => true });
    writeFileSync(at(round, `${name}-leaf.pem`), toPem('CERTIFICATE', leaf.der));
    const both = toPem('X509 CRL', own) + readFileSync(at(round, 'root.crl.pem'), 'utf8');
    writeFileSync(at(round, `${name}-crls.pem`), both);
    await key.signer.close();
    await hsm?.close();
  }

  function opensslVerify(round: string, name: string): string {
    const { stdout, stderr } = spawnSync('openssl', [
      ...['verify', '-x509_strict', '-crl_check_all', '-CAfile', at(round, 'root.pem')],
      ...['-CRLfile', at(round, `${name}-crls.pem`), '-untrusted', at(round, `${name}.pem`)],
      at(round, `${name}-leaf.pem`),
    ]);
    return `${stdout}${stderr}`;
  }

  it('P-16: lists the intermediates that are revoked, and OpenSSL passes what is below the others alone', async () => {
    await run('judged', '');
    const outcome = await run('judged', crl(1, revoked(file('judged', 'second'))));
    expect(outcome.unchanged).toBe(false);
    expect(outcome.crl).toMatchObject({ was: 'made', planned: { number: 1 } });
    for (const name of ['mesh', 'second']) await issueBelow('judged', name);
    expect(opensslVerify('judged', 'mesh')).toContain('leaf.pem: OK');
    expect(opensslVerify('judged', 'second')).toContain('error 23 at 1 depth lookup: certificate revoked');
    const { revoked: list, thisUpdate, nextUpdate } = written('judged');
    const entry = { reason: 'cACompromise', revokedAt: Date.parse(since) / 1000 };
    expect([...list]).toMatchObject([[serial('judged', 'second'), entry]]);
    expect(nextUpdate - thisUpdate).toBe(180 * 86_400 + 300);
  });

  it('is made once for a number; each revocation is on the log once, before it', async () => {
    const facts: CeremonyFact[] = [];
    const record = async (fact: CeremonyFact) => void facts.push(fact);
    await run('once', crl(1), { record });
    const told = facts.map(({ type }) => type);
    expect(told.slice(-2)).toEqual(['ceremony.step', 'crl.published']);
    const before = readFileSync(at('once', 'root.crl.pem'), 'utf8');
    expect((await run('once', crl(1), { record })).unchanged).toBe(true);
    expect(facts).toHaveLength(told.length);

    writeFileSync(at('once', 'root.crl.pem'), 'damaged');
    await run('once', crl(1), { record });
    expect(readFileSync(at('once', 'root.crl.pem'), 'utf8')).toBe(before);

    const mesh = revoked(file('once', 'mesh'), 'superseded');
    const bySerial = () => revoked(`serial: "${serial('once', 'second')}"`, 'keyCompromise');
    await run('once', crl(2, mesh), { record });
    await run('once', crl(3, mesh, bySerial()), { record });
    expect(written('once').number).toEqual(Uint8Array.of(3));
    const since3 = facts.filter(({ type }) => type === 'certificate.revoked' || type === 'crl.published');
    expect(since3).toMatchObject([
      { type: 'crl.published', revocation: { crlNumber: 1 }, change: { size: 0 } },
      { type: 'certificate.revoked', revocation: { reason: 'superseded', requestedBy: 'quickstart' } },
      { type: 'crl.published', revocation: { crlNumber: 2 }, change: { size: 1 } },
      {
        type: 'certificate.revoked',
        certificate: { serial: serial('once', 'second'), key: { spkiSha256: expect.stringMatching(/^[0-9a-f]{64}$/) } },
      },
      { type: 'crl.published', revocation: { crlNumber: 3 }, change: { size: 2 } },
    ]);
    const transcript = readFileSync(join(home(), 'once', 'transcript.txt'), 'utf8');
    expect(transcript).toContain('The CRL is made: number 3 of once-root');
    expect(transcript).toMatch(/revoked: serial [0-9a-f]+ since 2026-01-02T03:04:05Z, keyCompromise/);
  });

  it('P-16: its number rises, and nothing that it listed is taken back', async () => {
    await run('rises', crl(7, revoked('serial: "5f01"')));
    for (const [what, sentence] of [
      [crl(7), /CRL 7 of rises-root was made by other terms; give this one number 8/],
      [crl(6, revoked('serial: "5f01"')), /CRL 7 of rises-root was made already; give this one number 8/],
      [crl(8), /lists 5f01, and the file does not; revoked is for good/],
      [crl(8, revoked('serial: "5f01"').replace('2026-01-02', '2026-01-03')), /5f01 is revoked since 2026-01-02/],
    ] as const) {
      await expect(run('rises', what)).rejects.toMatchObject({
        code: 'changed',
        message: expect.stringMatching(sentence),
      });
    }
    expect(written('rises').number).toEqual(Uint8Array.of(7));
    expect((await run('rises', crl(8, revoked('serial: "005f01"')))).crl?.was).toBe('made');
  });

  it('after a fault at any step is finished by the next run, from the bytes that were to be signed', async () => {
    await run('torn', '');
    let number = 0;
    for (let step = 1; ; step++) {
      number += 1;
      const terms = crl(number, revoked(`serial: "${(0x5f00 + number).toString(16)}"`), ...earlier(number));
      let left = step;
      const after = async <T>(doing: Promise<T>) => {
        const result = await doing;
        if (--left === 0) throw new Error('the power went');
        return result;
      };
      const faulty = {
        shelf: {
          read: (path: string) => durableShelf.read(path),
          hold: (path: string) => durableShelf.hold(path),
          replace: (path: string, content: string) => after(durableShelf.replace(path, content)),
          append: (path: string, line: string) => after(durableShelf.append(path, line)),
        },
        record: () => after(Promise.resolve()),
      };
      const died = await run('torn', terms, faulty).then(
        () => false,
        (thrown: Error) => thrown.message === 'the power went',
      );
      const finished = await run('torn', terms);
      expect(finished.crl?.planned.number, `after ${step}`).toBe(number);
      expect(written('torn').revoked.size, `after ${step}`).toBe(number);
      expect((await run('torn', terms)).unchanged, `after ${step}`).toBe(true);
      if (!died) break;
    }
    const intents = readFileSync(join(home(), 'torn', 'ceremony.journal'), 'utf8').match(/"step":"crl-intent"/g);
    expect(intents).toHaveLength(number);
    expect(number).toBeGreaterThan(8);
  });

  const earlier = (number: number) =>
    Array.from({ length: number - 1 }, (_, i) => revoked(`serial: "${(0x5f01 + i).toString(16)}"`));

  it('is planned with every certificate that it lists, and refused by line and field where that cannot be', async () => {
    const outcome: CertifiedAuthority[] = [];
    await run('plan', '').then(({ authorities }) => outcome.push(...authorities));
    const plan = (text: string, change = (file: string) => file) =>
      testPlan(home(), (shipped) =>
        change(shipped).replaceAll('quickstart-', 'plan-').replace('outputs: ca', `outputs: plan\ncrl: ${text}`),
      );
    expect(plan(crl(1, revoked(file('plan', 'mesh')))).crl).toMatchObject({
      number: 1,
      lifetime: 180 * 86_400,
      revoked: [{ serial: serial('plan', 'mesh'), subjectText: 'O=Countersign, CN=Quickstart mesh CA' }],
      output: at('plan', 'root.crl.pem'),
    });
    for (const [text, sentence] of [
      [crl(1, revoked(file('plan', 'root'))), /crl\.revoked\[0\]\.certificate: a root cannot revoke itself/],
      [crl(1, revoked('certificate: gone.pem')), /crl\.revoked\[0\]\.certificate: .*there is no such file/],
      [crl(1, revoked('serial: "00"')), /no certificate has the serial number 0/],
      [crl(1, revoked('serial: "5f01"'), revoked('serial: "5f:01"')), /5f01 is listed twice/],
      [crl(1, `{ reason: superseded, revokedAt: "${since}" }`), /exactly one of serial and certificate/],
      [crl(1, revoked('serial: "5f01"').replace('2026', '2126')), /this time is still to come/],
      [crl(0), /crl\.number/],
      [crl(1).replace('180d', '30m'), /lives at least an hour/],
    ] as const) {
      expect(() => plan(text)).toThrow(sentence);
    }
    const other = testAuthority({ commonName: 'Other' });
    writeFileSync(join(home(), 'other.pem'), testAuthority({ commonName: 'Below', issuer: other }).pem);
    expect(() => plan(crl(1, revoked('certificate: other.pem')))).toThrow(/issued by .*Other, which is not this root/);
    expect(() => plan(crl(1), (shipped) => shipped.replace(/^root:\n(?: .*\n)+/m, ''))).toThrow(/no "root"/);
    const { warnings } = plan(crl(1).replace('180d', '7d'));
    expect(warnings.map(({ message }) => message).join()).toMatch(/after it Envoy refuses every connection/);
  });
});
