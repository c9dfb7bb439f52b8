import { existsSync, globSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { loadRuleSet } from '#detection/rule-set.ts';
import { Watch } from '#detection/watch.ts';
import { Agent } from '#test/support/agent.ts';
import { TestHome } from '#test/support/home.ts';
import { type LogRecord, recordsOf } from '#test/support/records.ts';
import { ServerProcess } from '#test/support/server-process.ts';
import { InProcess, quiet } from './in-process.ts';

const within = { timeout: 20_000, interval: 50 };

const ruleText = (count: number, more: object = {}) =>
  stringify({
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'WatchRule',
    metadata: { name: 'refusals' },
    spec: {
      severity: 'high',
      message: 'many are refused',
      burst: { match: { type: ['certificate.denied'] }, count, within: '10m' },
      quiet: '1s',
      ...more,
    },
  });

describe('the watch rules of a server', () => {
  let home: TestHome;
  beforeEach(() => {
    const exports = [{ name: 'files', to: { file: { directory: 'siem' } } }];
    home = new TestHome({ config: { ...quiet, detection: { rules: ['rule.yaml'] }, exports } });
  });
  afterEach(() => home[Symbol.dispose]());

  let asked = 0;
  /** Each of another account, so that each is a record of its own. */
  const refuse = (running: InProcess, count: number) =>
    Promise.all(
      Array.from({ length: count }, () =>
        running.ask({ csr: 'none', token: home.tokens.token('demo', `other-${asked++}`) }),
      ),
    );
  const ofType = (type: string, records: readonly LogRecord[] = recordsOf(home)) =>
    records.filter((record) => record.type === type);
  const alerts = () => ofType('detection.alert').map(({ detection }) => detection);
  /** A watch that is new begins at the end of the log: what comes after this is seen. */
  const begun = () => vi.waitUntil(() => existsSync(home.path('audit/exports/watch.rules.cursor')), within);
  const seen = async (running: Pick<InProcess, 'get'>) => {
    const { body } = await running.get('/metrics');
    return body.includes('countersign_detection_rules 1') && body.includes('countersign_detection_lag_entries 0');
  };

  it('make of a burst of refusals a record, a metric and a row of each sink', async () => {
    home.write('rule.yaml', ruleText(3, { quiet: '1h' }));
    await using running = await InProcess.start(home);
    expect(ofType('detection.loaded')).toMatchObject([
      {
        actor: { method: 'file' },
        change: { kind: 'watch-rules', content: { refusals: { spec: { severity: 'high' } } } },
      },
    ]);
    await begun();
    await refuse(running, 4);
    await vi.waitUntil(() => alerts().length > 0, within);
    const denied = ofType('certificate.denied').map(({ seq }) => seq);
    expect(denied).toHaveLength(4);
    expect(ofType('detection.alert')).toMatchObject([
      {
        outcome: 'success',
        message: 'many are refused',
        detection: { rule: 'refusals', severity: 'high', count: 3, seqs: denied.slice(0, 3) },
      },
    ]);
    const metric = 'countersign_detection_alerts_total{rule="refusals"} 1';
    await vi.waitUntil(async () => (await running.get('/metrics')).body.includes(metric), within);
    const exported = () =>
      globSync('siem/*.part', { cwd: home.directory }).map((file) => readFileSync(home.path(file), 'utf8'));
    await vi.waitUntil(() => exported().join('').includes('"type":"detection.alert"'), within);
    await running.close();
    expect(running.types.at(-1)).toBe('service.stopped');
    expect(alerts()).toHaveLength(1);
  });

  it('miss nothing and tell nothing twice, however often the server is killed', async () => {
    home.write('rule.yaml', ruleText(2));
    const { rules } = loadRuleSet([home.path('rule.yaml')]);
    let start: number | undefined;
    /** What a watch that was never killed would tell. */
    const expected = () => {
      const watch = new Watch(rules);
      return recordsOf(home)
        .filter(({ seq }) => seq >= (start ?? 0))
        .flatMap((entry) => watch.see(entry))
        .map(({ count, seqs }) => ({ count, seqs }));
    };
    for (let round = 0; round < 2; round++) {
      await using server = await ServerProcess.start(home);
      if (round === 0) await begun();
      start ??= JSON.parse(readFileSync(home.path('audit/exports/watch.rules.cursor'), 'utf8')).next;
      using agent = await Agent.connect({ port: server.istio.port, roots: home.root.pem });
      // a server may be back before the rule's quiet is over
      if (round > 0) await setTimeout(1_100);
      for (let n = 0; n < 3; n++)
        await agent.call({ csr: 'none', token: home.tokens.token('demo', `killed-${asked++}`) });
      // nothing is told yet, or half of it
      if (round === 0) await server.kill();
      else {
        await vi.waitFor(() => expect(alerts()).toMatchObject(expected()), within);
        await vi.waitUntil(() => seen(server), within);
      }
    }
    expect(expected().length).toBeGreaterThan(1);
    expect(alerts()).toMatchObject(expected());
    const ids = ofType('detection.alert').map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('are followed: others are recorded before they watch, and broken ones never do', async () => {
    home.write('rule.yaml', ruleText(100));
    await using running = await InProcess.start(home);
    await begun();
    await refuse(running, 2);
    home.write('rule.yaml', ruleText(2, { burst: { match: { type: ['certificate.denid'] }, count: 2 } }));
    await running.server.reload();
    expect(ofType('detection.refused')).toMatchObject([
      { outcome: 'failed', reason: 'policy.error', message: expect.stringContaining('certificate.denid') },
    ]);
    expect((await running.get('/metrics')).body).toContain('countersign_detection_rules_refused 1');
    home.write('rule.yaml', ruleText(3));
    await running.server.reload();
    const [first, second] = ofType('detection.loaded').map(({ change }) => Object(change));
    expect(second).toMatchObject({ beforeSha256: first.afterSha256, diff: expect.anything() });
    expect((await running.get('/metrics')).body).toContain('countersign_detection_rules_refused 0');
    await refuse(running, 1);
    await vi.waitUntil(() => alerts().length > 0, within);
    // two of the three were there before the rule
    expect(alerts()).toMatchObject([{ count: 3 }]);
  });

  it('say on the record what they had to forget', async () => {
    const match = { type: ['certificate.denied'] };
    const distinct = { match, of: 'reason', by: ['caller'], within: '1h', mostKeys: 100 };
    home.write('rule.yaml', ruleText(1, { burst: undefined, distinct }));
    await using running = await InProcess.start(home);
    await begun();
    for (let n = 0; n < 5; n++) await refuse(running, 21);
    await vi.waitUntil(() => ofType('detection.gap').length > 0, within);
    expect(ofType('detection.gap')[0]).toMatchObject({
      outcome: 'failed',
      reason: 'detection.forgotten',
      detection: { rule: 'refusals', count: expect.any(Number) },
    });
  });

  it('do not stop a server from issuing when they are broken', async () => {
    home.write('rule.yaml', 'kind: WatchRul');
    await using running = await InProcess.start(home);
    expect(await running.ask()).toMatchObject({ code: 0 });
    expect(ofType('detection.refused')).toHaveLength(1);
    expect((await running.get('/metrics')).body).toContain('countersign_detection_rules_refused 1');
  });
});
