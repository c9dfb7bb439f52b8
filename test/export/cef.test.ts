import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AuditEvent, eventTypes } from '#audit/event.ts';
import { cef, cefFields, cefMessage } from '#export/cef/cef.ts';
import { kinds } from '#export/kinds.ts';
import { describeWith } from '#test/oracles.ts';
import { readBy } from './readers.ts';
import { bareEvent, exported, fullEvent } from './sample.ts';

const messageOf = (event: AuditEvent) => cefMessage(exported(event));
/** The version of the server stands in the header, which one of the parsers cannot unescape. */
const withVersion = (event: AuditEvent): AuditEvent => ({ ...event, instance: { host: 'ca-0', version: '1.2.3' } });

describe('CEF in syslog', () => {
  it('facility is log audit; what was denied is a warning, anything else a notice', () => {
    expect(messageOf(bareEvent('certificate.issued', 'success'))).toMatch(
      /^<109>1 2026-11-21T14:03:00\.125Z - countersign - /,
    );
    expect(messageOf(bareEvent('certificate.denied', 'denied'))).toMatch(/^<108>1 /);
  });

  it('A-33: structured data stands under the number that a sink was given, in no more octets than a receiver takes', () => {
    const event = fullEvent('certificate.issued', 'success', '€'.repeat(150));
    const under = (enterprise: number) => cefMessage(exported(event), enterprise);
    expect(under(4_294_967_295)).toContain(' [countersign@4294967295 seq="41" ');
    expect(Buffer.byteLength(under(4_294_967_295))).toBeLessThanOrEqual(8_192);
    expect(under(64_999).replace('64999', '32473')).toBe(messageOf(event));
  });

  it('A-32: the header is one line of seven parts whatever the version of the server is called', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (version) => {
        const message = messageOf({ ...bareEvent('certificate.issued', 'success'), instance: { version } });
        const header = message.slice(message.indexOf('CEF:0|'));
        const parts =
          /^((?:[^\\|\r\n]|\\[\\|])*)\|((?:[^\\|\r\n]|\\[\\|])*)\|((?:[^\\|\r\n]|\\[\\|])*)\|((?:[^\\|\r\n]|\\[\\|])*)\|((?:[^\\|\r\n]|\\[\\|])*)\|((?:[^\\|\r\n]|\\[\\|])*)\|(\d+)\|rt=/u.exec(
            header,
          );
        expect(parts?.[4]?.replace(/\\([\\|])/g, '$1')).toBe((version || '-').replace(/[\r\n]+/g, ' '));
      }),
    );
  });

  it('A-33: never longer than 8,192 octets; what was cut for that says so, and stays well-formed', () => {
    const long = messageOf(fullEvent('certificate.denied', 'denied', '=€'.repeat(170)));
    expect(Buffer.byteLength(long)).toBeLessThanOrEqual(8_192);
    expect(long).toContain(' cut="true"]');
    expect(long.isWellFormed()).toBe(true);
    expect(long).not.toContain('\uFFFD');
    expect(messageOf(fullEvent('certificate.denied', 'denied', 'short'))).not.toContain('cut=');
  });

  it('each of the fields that CEF numbers has its label, and only where it is there', () => {
    for (const { to } of cefFields.filter(({ to }) => /^(c[sn]|deviceCustomDate)\d$/.test(to)))
      expect(cefFields.some((other) => other.to === `${to}Label`)).toBe(true);
    expect(messageOf(bareEvent('log.opened', 'success'))).not.toMatch(/cs[1-5]/);
  });
});

describeWith(['export-readers'], "CEF in syslog, by other people's parsers", (path) => {
  const read = (events: readonly AuditEvent[]) =>
    readBy(path('export-readers'), 'read-syslog.py', Buffer.concat(events.map((event) => cef.row(exported(event)))));

  it('every type is read back: who, what, when, with what end, and where it is in the log', () => {
    const found = read(eventTypes.map((type) => withVersion(fullEvent(type, 'denied', 'x'))));
    expect(found).toHaveLength(eventTypes.length);
    for (const [at, type] of eventTypes.entries())
      expect(found[at]).toMatchObject({
        severity: 'warning',
        facility: 'audit',
        version: 1,
        timestamp: '2026-11-21T14:03:00.125Z',
        hostname: 'ca-0',
        appname: 'countersign',
        msgid: type,
        sd: {
          'countersign@32473': { seq: '41', id: '0193b5c0-0000-7000-8000-0000000000aa', origin: 'log.example/mesh' },
        },
        cef: {
          DeviceVendor: 'Countersign',
          DeviceVersion: '1.2.3',
          DeviceEventClassID: type,
          Name: kinds[type].title,
          outcome: 'denied',
          seq: '41',
          suser: 'x',
        },
      });
  });

  it('A-32: pipes, equals, backslashes, newlines and Unicode in every field come back as they were', () => {
    const nasty = fc.array(
      fc.constantFrom(
        '|',
        '=',
        '\\',
        '\n',
        '\r',
        ' ',
        ']',
        '"',
        'a',
        'msg=',
        'cs1=',
        '€',
        '\u{1f511}',
        '\u2028',
        '\\n',
      ),
      { minLength: 1, maxLength: 12 },
    );
    // A reader may take spaces at an end for none.
    const texts = fc.sample(
      nasty.map((parts) => `x${parts.join('')}x`),
      { numRuns: 200, seed: 7 },
    );
    const found = read(texts.map((text) => withVersion(fullEvent('certificate.denied', 'denied', text))));
    expect(found).toHaveLength(texts.length);
    for (const [at, text] of texts.entries())
      expect(found[at]).toMatchObject({
        cef: {
          msg: text,
          suser: text,
          suid: text,
          duser: text,
          shost: text,
          src: text,
          fname: text,
          policy: text,
          issuer: text,
          workload: `${text}/${text}/${text}`,
        },
      });
  });
});
