import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as pkijs from 'pkijs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '#test/oracles.ts';
import { flipped } from '#test/x509/finding.ts';
import { pkilint } from '#test/x509/linters.ts';
import { now, testMesh } from '#test/x509/mesh.ts';
import { certId, type TestOcsp, testOcsp } from '#test/x509/status.ts';
import type { SignatureAlgorithm } from '#x509/algorithms.ts';
import { readCertificate } from '#x509/certificate.ts';
import { element } from '#x509/der/writer.ts';
import { OcspIssuer } from '#x509/ocsp/cert-id.ts';
import { readOcspRequest } from '#x509/ocsp/request.ts';
import { type CertStatus, type OcspFailure, ocspFailure } from '#x509/ocsp/response.ts';
import { toPem } from '#x509/pem.ts';
import { reasonNumber, revocationReasons } from '#x509/revocation-reason.ts';

interface Answer extends TestOcsp {
  readonly name: string;
  readonly leaf: Uint8Array;
  readonly status: CertStatus;
  readonly algorithm: SignatureAlgorithm;
}

type Asked = Readonly<Record<'response' | 'leaf' | 'issuer', Uint8Array>>;

const serialOf = (der: Uint8Array) => element(0x02, readCertificate(der).serial);
/** One of the judges looks at the clock of the machine. */
const today = Math.floor(Date.now() / 1000);

function answer(name: string, status: CertStatus, algorithm: SignatureAlgorithm, digest?: 'sha256'): Answer {
  const mesh = testMesh(algorithm);
  const leaf = mesh.leaf().certificate;
  const id = certId(mesh.intermediate, { serial: serialOf(leaf), ...(digest && { digest }) });
  const statuses = [{ certId: id, status, thisUpdate: today - 60, nextUpdate: today + 3600 }];
  return { name, leaf, status, algorithm, ...testOcsp({ producedAt: today - 60, statuses }, algorithm) };
}

const revokedAt = now - 3600;
const algorithms: SignatureAlgorithm[] = ['ecdsa-sha384', 'ecdsa-sha512', 'rsa-sha256', 'rsa-sha512', 'ed25519'];
const all: readonly Answer[] = [
  answer('good', 'good', 'ecdsa-sha256'),
  answer('good by SHA-256', 'good', 'ecdsa-sha256', 'sha256'),
  answer('unknown', 'unknown', 'ecdsa-sha256'),
  ...revocationReasons.map((reason) => answer(`revoked, ${reason}`, { revokedAt, reason }, 'ecdsa-sha256')),
  ...algorithms.map((algorithm) => answer(`good under ${algorithm}`, 'good', algorithm)),
];
/** Two of the judges know no Ed25519 in OCSP. */
const common = all.filter(({ algorithm }) => algorithm !== 'ed25519');

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
const decimal = (octets: Uint8Array) => BigInt(`0x${hex(octets)}`).toString();
const statusNumber = (status: CertStatus) => (status === 'good' ? 0 : status === 'unknown' ? 2 : 1);
const reasonOf = (status: CertStatus) =>
  typeof status === 'string' ? 'unspecified' : (status.reason ?? 'unspecified');
/** What the reader finds, and whether the issuer is found by it. */
const asked = (request: Uint8Array, issuer: Uint8Array) =>
  readOcspRequest(request).certIds.map((id) => ({
    serial: hex(id.serial),
    isOurs: new OcspIssuer(readCertificate(issuer)).isIssuerOf(id),
  }));

describe('pkijs', () => {
  const certificate = (der: Uint8Array) => pkijs.Certificate.fromBER(Buffer.from(der));

  it.each(['SHA-1', 'SHA-256'])('RFC 6960 4.1.1: asks by %s, and is understood', async (hashAlgorithm) => {
    const { intermediate, leaf } = testMesh();
    const der = leaf().certificate;
    const request = new pkijs.OCSPRequest();
    const issuerCertificate = certificate(intermediate);
    await request.createForCertificate(certificate(der), { hashAlgorithm, issuerCertificate });
    const octets = new Uint8Array(request.toSchema(true).toBER());
    expect(asked(octets, intermediate)).toEqual([{ serial: readCertificate(der).serialText, isOurs: true }]);
  });

  it.each(common)('RFC 6960 4.2.1: reads an answer that is $name, signed by the issuer', async (each) => {
    const { response, leaf, issuer, status } = each;
    const read = pkijs.OCSPResponse.fromBER(Buffer.from(response));
    const found = await read.getCertificateStatus(certificate(leaf), certificate(issuer));
    expect(found).toEqual({ isForCertificate: true, status: statusNumber(status) });
    const basic = pkijs.BasicOCSPResponse.fromBER(read.responseBytes?.response.valueBlock.valueHexView ?? Buffer.of());
    basic.certs = [certificate(issuer)];
    expect(await basic.verify({ trustedResponders: basic.certs, issuerCerts: basic.certs })).toBe(true);
  });
});

describeWith(['go:ocspcheck'], 'golang.org/x/crypto/ocsp', (path) => {
  const base64 = (der: Uint8Array) => Buffer.from(der).toString('base64');
  const ask = (cases: readonly Asked[]): readonly unknown[] => {
    const input = cases.map(({ response, leaf, issuer }) => ({
      response: base64(response),
      certificate: base64(leaf),
      issuer: base64(issuer),
    }));
    return JSON.parse(execFileSync(path('go:ocspcheck'), { input: JSON.stringify(input), encoding: 'utf8' }));
  };

  it('RFC 6960 4.2.1: reads every answer as it was meant, and finds it signed by the issuer', () => {
    const verdicts = ask(common);
    for (const [at, { name, leaf, status, terms }] of common.entries()) {
      expect({ name, ...Object(verdicts[at]) }).toMatchObject({
        name,
        error: '',
        serial: decimal(readCertificate(leaf).serial),
        hash: name.includes('SHA-256') ? 'SHA-256' : 'SHA-1',
        status: statusNumber(status),
        reason: reasonNumber(reasonOf(status)),
        revokedAt: typeof status === 'string' ? 0 : revokedAt,
        producedAt: today - 60,
        thisUpdate: today - 60,
        nextUpdate: today + 3600,
        keyHash: hex(terms.keySha1),
      });
    }
  });

  it('RFC 6960 4.2.1: finds each of several certificates in one answer', () => {
    const { intermediate, leaf } = testMesh();
    const leaves = [leaf().certificate, leaf().certificate];
    const statuses = leaves.map((der, at) => ({
      certId: certId(intermediate, { serial: serialOf(der) }),
      status: at === 0 ? ('good' as const) : { revokedAt },
      thisUpdate: now,
      nextUpdate: now + 60,
    }));
    const { response } = testOcsp({ statuses });
    const cases = leaves.map((der) => ({ response, leaf: der, issuer: intermediate }));
    expect(ask(cases)).toMatchObject([
      { error: '', status: 0 },
      { error: '', status: 1 },
    ]);
  });

  it('RFC 6960 4.2.1: understands the answers that nobody signs', () => {
    const { intermediate, leaf } = testMesh();
    const failures: readonly OcspFailure[] = ['malformedRequest', 'internalError', 'tryLater', 'unauthorized'];
    const cases = failures.map((failure) => ({
      response: ocspFailure(failure),
      leaf: leaf().certificate,
      issuer: intermediate,
    }));
    const words = ['malformed', 'internal error', 'try later', 'unauthorized'];
    expect(ask(cases)).toMatchObject(words.map((word) => ({ error: `ocsp: error from server: ${word}` })));
  });

  it('is awake: an answer that another key signed is told', () => {
    const [good] = all;
    if (good === undefined) throw new Error('there is no answer');
    const forged = { ...good, response: flipped(good.response, 8 * good.response.length - 1) };
    expect(ask([forged])).toMatchObject([{ error: expect.stringMatching(/signature/) }]);
  });
});

describeWith(['openssl'], 'the openssl command', (path) => {
  const folder = mkdtempSync(join(tmpdir(), 'ocsp-judges-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const certificate = (name: string, der: Uint8Array) => file(name, toPem('CERTIFICATE', der));
  const mesh = testMesh();
  const [first, second] = [mesh.leaf().certificate, mesh.leaf().certificate];
  const serials = [first, second].map((der) => readCertificate(der).serialText);
  let names: Readonly<Record<'root' | 'issuer' | 'first' | 'second' | 'signer' | 'key', string>>;
  beforeAll(() => {
    names = {
      root: certificate('root', mesh.root),
      issuer: certificate('issuer', mesh.intermediate),
      first: certificate('first', first),
      second: certificate('second', second),
      signer: certificate('signer', mesh.leaf({ spki: mesh.rootKey.spki }).certificate),
      key: file('key', mesh.rootKey.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    };
  });

  function request(...words: readonly string[]): Uint8Array {
    const out = join(folder, 'request');
    execFileSync(path('openssl'), ['ocsp', ...words, '-reqout', out], { stdio: 'pipe' });
    return readFileSync(out);
  }

  const ours = (at: number) => ({ serial: serials[at], isOurs: true });

  it('RFC 6960 4.1.1: asks with a nonce and without, by SHA-1 and by SHA-256, and is understood', () => {
    const of = ['-issuer', names.issuer, '-cert', names.first];
    for (const words of [of, [...of, '-no_nonce'], ['-sha256', ...of], ['-sha1', ...of]])
      expect(asked(request(...words), mesh.intermediate)).toEqual([ours(0)]);
  });

  it('RFC 6960 4.1.1: asks for several, each by a hash of its own, and for a number', () => {
    const der = request(
      ...['-issuer', names.issuer, '-cert', names.first, '-sha256', '-cert', names.second],
      ...['-serial', '0x1234'],
    );
    expect(asked(der, mesh.intermediate)).toEqual([ours(0), ours(1), { serial: '1234', isOurs: true }]);
    expect(readOcspRequest(der).certIds.map(({ digest }) => digest)).toEqual(['sha1', 'sha256', 'sha256']);
  });

  it('RFC 6960 4.1.2: signs what it asks, and is understood all the same', () => {
    const der = request(
      ...['-issuer', names.issuer, '-cert', names.first],
      ...['-signer', names.signer, '-signkey', names.key],
    );
    expect(der.length).toBeGreaterThan(500);
    expect(asked(der, mesh.intermediate)).toEqual([ours(0)]);
  });

  it('RFC 6960 4.1.1: asks another issuer, and is no business of ours', () => {
    const der = request('-issuer', names.root, '-cert', names.issuer);
    expect(asked(der, mesh.intermediate)).toMatchObject([{ isOurs: false }]);
    expect(asked(der, mesh.root)).toMatchObject([{ isOurs: true }]);
  });

  /** The reason in OpenSSL's words, which has none for the last two. */
  const reasonTold = (status: CertStatus) => {
    const reason = reasonOf(status);
    if (reason === 'unspecified') return [];
    return [reasonNumber(reason) > 8 ? expect.stringMatching(/^Reason: /) : `Reason: ${reason}`];
  };

  it.each(all)('RFC 6960 3.2: takes an answer that is $name', ({ name, response, leaf, issuer, status, algorithm }) => {
    const by = certificate('by', issuer);
    const { stdout, stderr } = spawnSync(
      path('openssl'),
      [
        ...['ocsp', name.includes('SHA-256') ? '-sha256' : '-sha1', '-issuer', by, '-cert', certificate('leaf', leaf)],
        ...['-no_nonce', '-respin', file('response', response), '-attime', String(now)],
        ...['-CAfile', certificate('above', testMesh(algorithm).root), '-verify_other', by],
      ],
      { encoding: 'utf8' },
    );
    expect(stderr).toContain('Response verify OK');
    expect(stdout + stderr).not.toMatch(/WARNING|ERROR|error/);
    const lines = stdout
      .replaceAll(`${join(folder, 'leaf')}: `, 'leaf: ')
      .split('\n')
      .map((line) => line.trim());
    expect(lines).toContain(`leaf: ${typeof status === 'string' ? status : 'revoked'}`);
    expect(lines.filter((line) => line.startsWith('Reason:'))).toEqual(reasonTold(status));
    expect(lines.filter((line) => /^(This|Next) Update:/.test(line))).toHaveLength(2);
  });
});

describeWith(['pkilint'], 'pkilint', (path) => {
  it('finds nothing on any answer', () => {
    const findings = pkilint(
      path('pkilint'),
      all.map(({ response }) => ({ ocspResponse: response })),
    );
    expect(findings.map((found, at) => [all[at]?.name, found])).toEqual(all.map(({ name }) => [name, []]));
  });
});
