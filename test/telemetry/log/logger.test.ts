import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '#refusal/refusal.ts';
import { IssuanceLog } from '#telemetry/issuance-log.ts';
import { jsonLine, textLine } from '#telemetry/log/format.ts';
import { Logger } from '#telemetry/log/logger.ts';
import type { Level, LogFields } from '#telemetry/log/record.ts';
import { SparingLog } from '#telemetry/log/sparing-log.ts';
import { issued, refused, request } from '../outcome.ts';

const time = Date.UTC(2026, 10, 21, 12, 0, 0, 123);

function capture(level: Level = 'debug', format = jsonLine) {
  const lines: string[] = [];
  const logger = new Logger({ write: (line) => lines.push(line) }, format, level, { now: () => time });
  return { lines, logger };
}

describe('a log line', () => {
  it('is one JSON object with time, level, message and its fields', () => {
    const { lines, logger } = capture();
    logger.with({ component: 'store' }).warn('slow', { ms: 12, file: 'a\nb', status: undefined });
    expect(lines).toEqual([
      '{"time":"2026-11-21T12:00:00.123Z","level":"warn","message":"slow","component":"store","ms":12,"file":"a\\nb"}\n',
    ]);
  });

  it('is not made below the level', () => {
    const { lines, logger } = capture('warn');
    logger.debug('a');
    logger.info('b');
    logger.warn('c');
    logger.error('d');
    expect(lines.map((line) => JSON.parse(line).message)).toEqual(['c', 'd']);
    expect(logger.writes('info')).toBe(false);
  });

  it('tells an error with its code and its causes, and not its stack', () => {
    const { lines, logger } = capture();
    const inner = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    logger.error('append failed', {
      error: new Refusal('log.unavailable', 'the log cannot be written', {}, { cause: inner }),
    });
    expect(JSON.parse(lines[0] ?? '').error).toBe(
      'Refusal: the log cannot be written (log.unavailable); because Error: no space left (ENOSPC)',
    );
  });

  it('stays one line without control characters in a terminal, whatever a stranger wrote', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (message, reason) => {
        const { lines, logger } = capture('debug', textLine);
        logger.info(message, { reason });
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours that we write ourselves
        const plain = (lines[0] ?? '').replace(/\u001b\[\d+m/g, '');
        expect(plain.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        expect(plain.endsWith('\n')).toBe(true);
      }),
    );
  });

  it('bounds every value', () => {
    const { lines, logger } = capture();
    logger.info('x', { reason: 'y'.repeat(100_000) });
    expect((lines[0] ?? '').length).toBeLessThan(1_200);
  });
});

describe('A-5: a secret that reaches the logger in a text from elsewhere', () => {
  const canaries: readonly (readonly [string, string])[] = [
    ['a JWT', 'cannot verify eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJDQU5BUlkifQ.CANARYsignature now'],
    ['half a JWT', 'got eyJhbGciOiJFUzI1NiJ9.CANARY'],
    ['a bearer header', 'header was Bearer CANARY-opaque-token'],
    ['a private key', 'parse -----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY----- failed'],
    ['an encrypted key cut short', '-----BEGIN ENCRYPTED PRIVATE KEY-----\nCANARY'],
    ['a PIN in a URI', 'pkcs11:object=a?pin-value=CANARY'],
    ['a PIN in a sentence', 'login failed with PIN: CANARY'],
    ['a passphrase', 'passphrase=CANARY is wrong'],
    ['a password in a URL', 'connect https://user:CANARY@host/x'],
  ];

  it.each(canaries)('is not written: %s', (_, text) => {
    const places: LogFields[] = [
      { reason: text },
      { error: new Error(text) },
      { error: new Error('x', { cause: text }) },
    ];
    for (const format of [jsonLine, textLine]) {
      const { lines, logger } = capture('debug', format);
      logger.error(text);
      for (const fields of places) logger.error('x', fields);
      expect(lines).toHaveLength(4);
      expect(lines.join('')).not.toContain('CANARY');
      expect(lines.join('')).toContain('[redacted]');
    }
  });
});

describe('the log of issuance', () => {
  it('has a line for a refusal, with the request id and the reason that the caller is not told', () => {
    const { lines, logger } = capture('info');
    const log = new IssuanceLog(logger, new SparingLog(logger));
    log.ended(request, refused('authn.failed', 1, 'the token has expired'));
    log.ended(request, issued);
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'info',
      message: 'refused',
      request: request.id,
      door: 'istio',
      peer: '192.0.2.7',
      code: 'authn.failed',
      reason: 'the token has expired',
    });
  });

  it.each([
    ['csr.san', 'info'],
    ['log.unavailable', 'warn'],
    ['internal', 'error'],
  ] as const)('says %s at level %s: by who has to act', (code, level) => {
    const { lines, logger } = capture();
    new IssuanceLog(logger, new SparingLog(logger)).ended(request, refused(code));
    expect(JSON.parse(lines[0] ?? '').level).toBe(level);
  });

  it('A-5: never holds the token or the CSR', () => {
    const { lines, logger } = capture();
    const log = new IssuanceLog(logger, new SparingLog(logger));
    log.ended(request, issued);
    log.ended(request, refused('internal'));
    expect(lines).toHaveLength(2);
    expect(lines.join('')).not.toContain('CANARY');
  });
});
