import { rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { AuditEvent } from '#audit/event.ts';
import { loadPolicySet } from '#policy/load.ts';
import { Refusal } from '#refusal/refusal.ts';
import { differences } from '#server/difference.ts';
import { Events } from '#server/events.ts';
import { FollowedPolicies } from '#server/policies.ts';
import { Logger } from '#telemetry/log/logger.ts';
import { policyText } from '#test/policy/sidecar.ts';
import { TestHome } from '#test/support/home.ts';
import { replayed } from '#test/support/replayed.ts';
import { ServerProcess } from '#test/support/server-process.ts';
import { InProcess, quiet } from './in-process.ts';

const hours = (max: string) => policyText({ spec: { validity: { default: '1h', max, above: 'clamp' } } });

describe('what governs a server', () => {
  let home: TestHome;
  beforeEach(() => {
    home = new TestHome({ config: quiet, policies: ['rules.yaml'] });
    write(hours('4h'));
  });
  afterEach(() => home[Symbol.dispose]());

  const write = (text: string) => writeFileSync(home.path('rules.yaml'), text);
  const setId = () => loadPolicySet([home.path('rules.yaml')], Date.now()).id;
  const of = (running: InProcess, type: string) => running.records.filter((record) => record.type === type);
  const decisions = (running: InProcess) =>
    running.records.filter(({ door }) => door === 'istio').map(({ decision }) => Object(decision).policySetId);

  it('A-7: a change of policy while the server runs has both hashes, the difference and the actor', async () => {
    await using running = await InProcess.start(home);
    const before = setId();
    write(hours('2h'));
    await running.server.reload();
    expect(of(running, 'policy.loaded')).toMatchObject([
      {
        change: { kind: 'policy-set', afterSha256: before, content: { plain: { spec: { validity: { max: '4h' } } } } },
      },
      {
        outcome: 'success',
        actor: { user: 'operator', method: 'file' },
        change: {
          kind: 'policy-set',
          beforeSha256: before,
          afterSha256: setId(),
          diff: ['-plain.spec.validity.max: "4h"', '+plain.spec.validity.max: "2h"'],
        },
      },
    ]);
    expect(of(running, 'policy.loaded')[0]).not.toHaveProperty('change.beforeSha256');
  });

  it('A-7: a change while no server ran is recorded by the start that finds it, and the next start finds none', async () => {
    const before = setId();
    await (await InProcess.start(home)).close();
    write(hours('3h'));
    await (await InProcess.start(home)).close();
    await using running = await InProcess.start(home);
    expect(of(running, 'policy.loaded').map(({ change }) => change)).toMatchObject([
      { afterSha256: before },
      {
        beforeSha256: before,
        afterSha256: setId(),
        diff: ['-plain.spec.validity.max: "4h"', '+plain.spec.validity.max: "3h"'],
      },
      { beforeSha256: setId(), afterSha256: setId(), diff: [] },
    ]);
  });

  it('A-7: a change of configuration has both hashes, the difference, the file and the actor', async () => {
    await (await InProcess.start(home)).close();
    const telemetry = {
      logs: { level: 'error', format: 'text' },
      tracing: { otlp: { endpoint: 'http://127.0.0.1:9/v1/traces?key=CANARY' }, sampleRatio: 0 },
    };
    home.write('countersign.yaml', stringify({ ...home.config, telemetry }));
    await using running = await InProcess.start(home);
    const [first, second] = of(running, 'config.loaded').map(({ change }) => Object(change));
    expect(second).toMatchObject({
      kind: 'config',
      source: home.path('countersign.yaml'),
      beforeSha256: first.afterSha256,
      afterSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      diff: [
        '-telemetry.logs.format: "json"',
        '+telemetry.logs.format: "text"',
        '+telemetry.tracing.otlp.endpoint: "http://127.0.0.1:9/v1/traces?[masked]"',
        '+telemetry.tracing.sampleRatio: 0',
      ],
    });
    expect(second.afterSha256).not.toBe(first.afterSha256);
    expect(JSON.stringify(running.records)).not.toContain('CANARY');
    expect(of(running, 'config.loaded')).toMatchObject([{ actor: { user: 'operator', method: 'file' } }, {}]);
  });

  it('A-7: the comparison survives a lost bookmark and one that points elsewhere', async () => {
    await (await InProcess.start(home)).close();
    rmSync(home.path('audit', 'last-loaded.json'));
    await (await InProcess.start(home)).close();
    home.write('audit/last-loaded.json', '{"config.loaded": 0, "policy.loaded": "x"}');
    await using running = await InProcess.start(home);
    const changes = of(running, 'config.loaded').map(({ change }) => Object(change));
    expect(changes.map(({ beforeSha256 }) => beforeSha256)).toEqual([
      undefined,
      changes[0].afterSha256,
      changes[1].afterSha256,
    ]);
  });

  it('A-7: policies too long for a record are there by their digests, and so is what changed', async () => {
    const namespaces = Array.from({ length: 60 }, (_, n) => `${'n'.repeat(50)}${n}`);
    const wide = (priority: number, max: string) =>
      policyText({
        name: `p${priority}`,
        spec: { priority, match: { namespaces }, validity: { default: '1h', max } },
      });
    const files = ['a.yaml', 'b.yaml', 'c.yaml', 'd.yaml'];
    home.write('countersign.yaml', stringify({ ...home.config, policies: files }));
    for (const [at, file] of files.entries()) home.write(file, wide(at + 1, '4h'));
    await (await InProcess.start(home)).close();
    home.write('c.yaml', wide(3, '2h'));
    await using running = await InProcess.start(home);
    const [first, second] = of(running, 'policy.loaded').map(({ change }) => Object(change));
    expect(first).not.toHaveProperty('content');
    expect(Object.keys(first.digests)).toEqual(['p1', 'p2', 'p3', 'p4']);
    expect(second.diff).toEqual([`-p3: "${first.digests.p3}"`, `+p3: "${second.digests.p3}"`]);
  });

  it('A-38: what policies say that are too long for a record stands in the records before it, whole', async () => {
    const many = Array.from({ length: 80 }, (_, n) => ({
      name: `case ${n}: “größer”`,
      given: { key: 'ec:P-256', namespace: `${'n'.repeat(50)}${n}` },
      expect: { decision: 'allow' },
    }));
    const long = (max: string) =>
      policyText({
        spec: { key: { allow: ['ec:P-256'] }, validity: { default: '1h', max, above: 'clamp' }, tests: many },
      });
    write(long('4h'));
    await using running = await InProcess.start(home);
    await running.ask();
    write(long('2h'));
    await running.server.reload();
    await running.ask();
    expect(of(running, 'policy.loaded')[1]).not.toHaveProperty('change.content');
    expect(of(running, 'policy.text').length).toBeGreaterThan(2);
    expect(replayed(running.records)).toEqual({ findings: [], kinds: { serving: 1, workload: 2 } });
    const others = running.records.filter(({ type, change }) => type !== 'policy.text' || Object(change).part !== 1);
    expect(replayed(others).findings).toMatchObject([{ rule: 'policy-set' }, { rule: 'policy-set' }]);
  });

  it.each([
    ['a file that is no policy', 'spec: !', 'rules.yaml:1'],
    ['an unknown field', policyText({ spec: { prioritty: 3 } }), 'priority'],
    [
      'a case that fails',
      policyText({ spec: { tests: [{ name: 'x', given: { key: 'rsa:3072' }, expect: { decision: 'allow' } }] } }),
      'case "x" fails',
    ],
  ])(
    'P-38: %s never replaces a good set: it is recorded as refused, and the old one decides on',
    async (_, text, said) => {
      await using running = await InProcess.start(home);
      const good = setId();
      expect(await running.ask()).toMatchObject({ code: 0 });
      write(text);
      await running.server.reload();
      expect(await running.ask()).toMatchObject({ code: 0 });
      const refused = of(running, 'policy.refused');
      expect(refused).toMatchObject([
        { outcome: 'failed', reason: 'policy.error', actor: { user: 'operator', method: 'file' } },
      ]);
      expect(refused[0]?.message).toContain(said);
      await running.server.reload();
      expect(of(running, 'policy.refused')).toHaveLength(1);
      write(hours('2h'));
      await running.server.reload();
      expect(await running.ask()).toMatchObject({ code: 0 });
      expect(decisions(running)).toEqual([good, good, setId()]);
      expect(setId()).not.toBe(good);
    },
  );

  it('P-38: files that are gone refuse nothing to anybody', async () => {
    await using running = await InProcess.start(home);
    const good = setId();
    rmSync(home.path('rules.yaml'));
    await running.server.reload();
    expect(await running.ask()).toMatchObject({ code: 0 });
    expect(decisions(running)).toEqual([good]);
    expect(of(running, 'policy.refused')).toHaveLength(1);
  });

  it('P-38: each record names the set that decided it, refusals too', async () => {
    await using running = await InProcess.start(home);
    const ids = [setId()];
    await running.ask({ csr: 'rubbish' });
    write(hours('2h'));
    await running.server.reload();
    ids.push(setId());
    await running.ask({ csr: 'rubbish', token: home.tokens.token('demo', 'other') });
    expect(decisions(running)).toEqual(ids);
  });

  it('P-38: a new set for whose record the log has no room waits, and is in force once there is room', async () => {
    const policies = new FollowedPolicies([home.path('rules.yaml')], { now: Date.now });
    const good = policies.set.id;
    write(hours('2h'));
    const recorded: AuditEvent[] = [];
    let room = false;
    const full = new Refusal('overload', '4096 records wait for the log; try again');
    const log = {
      append: async (event: AuditEvent) => (room ? recorded.push(event) - 1 : Promise.reject(full)),
      size: 0,
      newestTime: 0,
    };
    const logger = new Logger({ write: () => {} }, () => '', 'error', { now: Date.now });
    policies.follow({ log, events: new Events(() => 'id', {}), logger });
    await policies.reload();
    expect(policies.set.id).toBe(good);
    room = true;
    await policies.reload();
    await policies.stop();
    expect(policies.set.id).toBe(setId());
    expect(recorded).toMatchObject([{ type: 'policy.loaded', change: { beforeSha256: good, afterSha256: setId() } }]);
  });

  it('P-38: a change that comes while another is being recorded is not lost', async () => {
    await using running = await InProcess.start(home);
    const ids = [setId()];
    const looks = ['3h', '2h', '1h'].map((max) => {
      write(hours(max));
      ids.push(setId());
      return running.server.reload();
    });
    await Promise.all(looks);
    expect(await running.ask()).toMatchObject({ code: 0 });
    expect(decisions(running)).toEqual([ids[3]]);
    const changes = of(running, 'policy.loaded').map(({ change }) => Object(change).afterSha256);
    expect(changes).toEqual([ids[0], ids[1], ids[3]]);
  });

  it('P-38: SIGHUP looks at the files at once', async () => {
    home.write(
      'countersign.yaml',
      stringify({ ...home.config, telemetry: { logs: { level: 'info', format: 'json' } } }),
    );
    await using server = await ServerProcess.start(home);
    write(hours('2h'));
    server.signal('SIGHUP');
    expect(await server.said(/policies replaced/)).toContain(setId());
    write('spec: !');
    server.signal('SIGHUP');
    expect(await server.said(/new policies refused; the old set stays in force/)).toContain('"level":"error"');
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });
});

describe('a difference', () => {
  it('names what went and what came, by path, and nothing that stayed', () => {
    expect(differences({ a: 1, b: { c: ['x', 'y'], d: true } }, { b: { c: ['x', 'z'], d: true }, e: {} })).toEqual([
      '-a: 1',
      '-b.c.1: "y"',
      '+b.c.1: "z"',
      '+e: {}',
    ]);
    expect(differences({ a: [1] }, { a: [1] })).toEqual([]);
  });

  it('A-7: masks what should never have stood there', () => {
    const of = (pin: string) => ({ key: { pin, passphrase: { env: 'NAME' } } });
    expect(differences(of('1'), of('2'))).toEqual(['-key.pin: [masked]', '+key.pin: [masked]']);
    expect(differences({}, of('2'))).toEqual(['+key.passphrase.env: "NAME"', '+key.pin: [masked]']);
  });

  it('is bounded, and says how much it leaves out', () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`n${n}`, 'x'.repeat(1000)]));
    const lines = differences({ a: 1 }, many);
    expect(lines.join('').length).toBeLessThan(4_500);
    expect(Math.max(...lines.map((line) => line.length))).toBe(300);
    expect(lines.at(-1)).toBe(`… ${1001 - (lines.length - 1)} more`);
  });
});
