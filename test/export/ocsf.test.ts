import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EventType, eventTypes } from '#audit/event.ts';
import { ocsf } from '#export/ocsf/ocsf.ts';
import { deniedEvent, issuedEvent } from '#test/audit/example-event.ts';
import { describeWith } from '#test/oracles.ts';
import { readBy } from './readers.ts';
import { alertEvent, bareEvent, exported, fullEvent } from './sample.ts';

/** The cut of the schema has no findings: they have a judge of their own. */
const cutTypes = eventTypes.filter((type) => type !== 'detection.alert');
const outcomes = ['success', 'denied', 'failed'] as const;
const written = (event: Parameters<typeof exported>[0]) =>
  JSON.parse(Buffer.from(ocsf.row(exported(event))).toString());

describe('OCSF', () => {
  it('A-31: type_uid is class_uid × 100 + activity_id, of every type', () => {
    for (const type of eventTypes) {
      const { type_uid, class_uid, activity_id } = written(bareEvent(type, 'success'));
      expect({ type, type_uid }).toEqual({ type, type_uid: class_uid * 100 + activity_id });
    }
  });

  const uids: Partial<Record<EventType, number>> = {
    'certificate.issued': 600301,
    'certificate.denied': 600301,
    'certificate.failed': 600301,
    'certificate.revoked': 600304,
    'key.destroyed': 600304,
    'key.activated': 300408,
    'key.retired': 300409,
    'service.started': 600203,
    'service.stopped': 600204,
    'fips.probe': 600208,
    'hsm.login': 300201,
    'admin.login': 300201,
    'detection.alert': 200401,
    'detection.loaded': 300403,
  };
  it.each(Object.entries(uids))('%s is %i', (name, uid) => {
    const type = eventTypes.find((each) => each === name) ?? 'log.opened';
    expect(written(bareEvent(type, 'success')).type_uid).toBe(uid);
  });

  it.each([
    ['an issued certificate', issuedEvent(1), 1],
    ['a refusal by policy', { ...deniedEvent(1), reason: 'policy.no-match' }, 3],
    ["somebody else's identity", { ...deniedEvent(1), reason: 'identity.mismatch' }, 4],
    ['a weak key', { ...deniedEvent(1), reason: 'key.weak.roca' }, 4],
    ['a log that cannot be published', bareEvent('log.checkpoint-failed', 'failed'), 4],
    ['a CA key that nobody made', bareEvent('key.generated', 'success'), 5],
    ['a CA key made at a ceremony', { ...bareEvent('key.generated', 'success'), actor: { user: 'alice' } }, 2],
  ])('the severity of %s', (_, event, severity) => expect(written(event).severity_id).toBe(severity));

  it('has its place in the log, and what OCSF does not know, in unmapped', () => {
    const { entry, leafHash } = exported(fullEvent('certificate.issued', 'success', 'x'));
    expect(written(fullEvent('certificate.issued', 'success', 'x'))).toMatchObject({
      metadata: { sequence: 41, log_name: 'log.example/mesh', uid: entry.id },
      unmapped: {
        log: { leaf_hash: Buffer.from(leafHash).toString('hex'), checkpoint_size: 1_000 },
        decision: entry.decision,
        asked: entry.asked,
      },
    });
  });
});

describeWith(['shared-vectors'], 'OCSF by its own schema', (path) => {
  const validate = new Ajv2020({ strict: false, allErrors: true }).compile(
    JSON.parse(readFileSync(join(path('shared-vectors'), 'ocsf-cut.json'), 'utf8')),
  );
  const problemsOf = (event: Parameters<typeof exported>[0]) => {
    if (validate(written(event))) return [];
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };

  it.each(cutTypes)('A-31: %s is valid, with all that a record can hold and with the least', (type) => {
    for (const outcome of outcomes) {
      expect({ outcome, bare: problemsOf(bareEvent(type, outcome)) }).toEqual({ outcome, bare: [] });
      expect({ outcome, full: problemsOf(fullEvent(type, outcome, 'x:y')) }).toEqual({ outcome, full: [] });
    }
  });

  it('A-31: is valid whatever members a record has, and whatever they say', () => {
    const members = Object.keys(fullEvent('certificate.issued', 'denied', 'x'));
    const free = members.filter((each) => !['type', 'id', 'outcome', 'reason'].includes(each));
    const events = fc
      .record({
        type: fc.constantFrom(...cutTypes),
        outcome: fc.constantFrom(...outcomes),
        text: fc.string({ unit: 'binary', maxLength: 20 }),
        without: fc.subarray(free),
      })
      .map(({ type, outcome, text, without }) => {
        const all = Object.entries(fullEvent(type, outcome, text)).filter(([name]) => !without.includes(name));
        return { ...bareEvent(type, outcome), ...Object.fromEntries(all) };
      });
    fc.assert(
      fc.property(events, (event) => {
        expect(problemsOf(event)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('the schema is a judge: without its source, with no actor or an unknown member it is not valid', () => {
    const whole = written(issuedEvent(1));
    expect(validate(whole)).toBe(true);
    for (const broken of [
      { ...whole, src_endpoint: undefined },
      { ...whole, actor: {} },
      { ...whole, own: 1 },
    ])
      expect(validate(JSON.parse(JSON.stringify(broken)))).toBe(false);
  });
});

describe('an alert', () => {
  it('is a finding: the rule is what found it, and the severity is the rule’s', () => {
    expect(written(alertEvent)).toMatchObject({
      class_name: 'Detection Finding',
      severity: 'High',
      status: 'New',
      is_alert: true,
      count: 2,
      finding_info: {
        uid: alertEvent.id,
        title: 'pod-on-two-nodes',
        analytic: { name: 'pod-on-two-nodes', type: 'Rule', type_id: 1 },
        first_seen_time: Date.parse('2026-11-21T02:00:00Z'),
      },
      evidences: [{ data: { by: { cluster: 'east', podUid: 'b1c2' }, sequences: [17, 40] } }],
    });
  });
});

describeWith(['detection-readers'], "OCSF's findings, by other people's models", (path) => {
  const read = (events: readonly object[]) => {
    const lines = events.map((event) => `${JSON.stringify(event)}\n`).join('');
    return readBy(path('detection-readers'), 'read-ocsf.py', Buffer.from(lines));
  };

  it('A-31: an alert is read back, with all that it can hold and with the least', () => {
    const events = [alertEvent, ...outcomes.map((outcome) => bareEvent('detection.alert', outcome))].map(written);
    // newer than the models
    const answers = read(events);
    for (const [at, event] of events.entries()) {
      const { is_alert, category_uid, ...known } = event;
      expect(answers[at]).toMatchObject({ unknown: ['is_alert'] });
      expect(Object(answers[at]).read).toMatchObject({
        type_uid: 200401,
        severity_id: known.severity_id,
        finding_info: { uid: known.metadata.uid, analytic: { type_id: 1 } },
        metadata: { event_code: 'detection.alert' },
      });
      expect([is_alert, category_uid]).toEqual([true, 2]);
    }
  });

  it('the models are a judge: a finding without what was found is none', () => {
    const { finding_info: _, ...broken } = written(alertEvent);
    expect(read([broken])).toMatchObject([{ problem: expect.stringContaining('finding_info') }]);
  });
});
