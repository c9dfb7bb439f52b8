import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { cosigner } from '#audit/cosignature.ts';
import { issue, type Keyed, makeRoot } from '#test/doors/istio/pki.ts';
import { describeWith, repository } from '#test/oracles.ts';
import { Agent } from '#test/support/agent.ts';
import { at, listAt } from '#test/support/control-plane/client.ts';
import { sharedControlPlane } from '#test/support/control-plane/shared.ts';
import { p256Request } from '#test/support/requests.ts';
import { cases, companions, healthy, otherWays, type Series } from './alert-cases.ts';
import { one, render, type Values } from './helm.ts';
import { Installed } from './installed.ts';
import type { Replica } from './replica.ts';
import { issuerSecret, ownIssuer, root } from './secrets.ts';

const run = promisify(execFile);
/** Somebody who is never reached. */
const witness = cosigner('witness.test/w', generateKeyPairSync('ed25519').privateKey).vkey;
const monitored: Values = { prometheusRule: { enabled: true }, grafanaDashboard: { enabled: true } };

/** Series that others than we export, and those of an issuer behind cert-manager, which its own test has seen. */
const ofOthers = /^(kubelet_volume_stats_(available|capacity)_bytes|countersign_certificate_requests_total)$/;

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

async function alertRules(
  values: readonly Values[] = [],
): Promise<{ readonly spec: unknown; readonly rules: readonly Rule[] }> {
  const spec = at(one(await render([monitored, ...values]), 'PrometheusRule'), 'spec');
  const rules = listAt(spec, 'groups').flatMap((group) => listAt(group, 'rules'));
  return { spec, rules: rules.map((rule): Rule => JSON.parse(JSON.stringify(rule))) };
}

async function dashboard(): Promise<unknown> {
  const map = one(await render(monitored), 'ConfigMap', 'countersign-dashboard');
  return JSON.parse(String(at(map, 'data', 'countersign.json')));
}

/** What its panels ask, as Grafana would send it. */
const questionsOf = (board: unknown): readonly string[] =>
  listAt(board, 'panels')
    .flatMap((panel) => listAt(panel, 'targets'))
    .map((target) => String(at(target, 'expr')).replaceAll('$__rate_interval', '5m').replaceAll(/\$\w+/g, '.*'));

/** Every metric of ours stands before its matchers. */
const metricsIn = (expression: string) =>
  [...expression.matchAll(/([a-zA-Z_:][\w:]*)\{/g)].map(([, name = '']) => name);

describeWith(['set:helm'], 'alerts and dashboard', () => {
  it('each alert says how bad it is, what it means, and which entry of docs/kubernetes.md helps', async () => {
    const { rules } = await alertRules();
    const entries = readFileSync(join(repository, 'docs/kubernetes.md'), 'utf8');
    for (const { alert, labels, annotations } of rules) {
      expect(['warning', 'critical']).toContain(labels.severity);
      expect([annotations.summary, annotations.description].join('')).not.toMatch(/undefined|[A-Z]+_SECONDS|SELECTOR/);
      expect(annotations.runbook_url).toBe(`docs/kubernetes.md#${alert.toLowerCase()}`);
      expect(entries).toMatch(new RegExp(`^#### ${alert}$`, 'm'));
    }
    const described = [...entries.matchAll(/^#### (Countersign\w+)$/gm)].map(([, alert]) => alert);
    expect(described).toEqual(rules.map(({ alert }) => alert));
  });

  it('speaks of this release alone, of other series where the values say so, and renews in time by its own lifetimes', async () => {
    const { rules } = await alertRules();
    for (const { expr } of rules) expect(expr).toMatch(/namespace="cert-manager"/);
    const told = await alertRules([
      { prometheusRule: { selector: 'team="mesh"', issuerNotice: '3d', runbookURL: '' } },
    ]);
    const soon = told.rules.find(({ alert }) => alert === 'CountersignIssuerExpiresSoon');
    expect(soon?.expr).toContain('{team="mesh", role="intermediate"}) - time() < 259200');
    expect(soon?.annotations).not.toHaveProperty('runbook_url');
    const people = await alertRules([ownIssuer]);
    const expr = (rulesOf: readonly Rule[], name: string) => rulesOf.find(({ alert }) => alert === name)?.expr;
    expect(expr(people.rules, 'CountersignIssuerExpiresSoon')).toContain(`< ${14 * 86_400}`);
    expect(expr(rules, 'CountersignIssuerExpiresSoon')).toContain(`< ${(7 * 86_400) / 4}`);
  });

  it('the dashboard has panels of their own, each with a title, a description and a question', async () => {
    const board = await dashboard();
    const panels = listAt(board, 'panels');
    const ids = panels.map((panel) => at(panel, 'id'));
    expect(new Set(ids).size).toBe(panels.length);
    for (const panel of panels.filter((each) => at(each, 'type') !== 'row')) {
      expect(at(panel, 'title')).toMatch(/./);
      expect(at(panel, 'description')).toMatch(/./);
      expect(listAt(panel, 'targets').length).toBeGreaterThan(0);
    }
  });

  describeWith(['promtool'], 'in the eyes of Prometheus', (judge) => {
    let folder: string;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'countersign-rules-'));
      writeFileSync(join(folder, 'rules.yaml'), stringify((await alertRules()).spec));
    });

    it('the alerts are rules', async () => {
      const { stdout } = await run(judge('promtool'), ['check', 'rules', join(folder, 'rules.yaml')]);
      expect(stdout).toMatch(/SUCCESS: \d+ rules found/);
    });

    it('the questions of the dashboard are expressions', async () => {
      const rules = questionsOf(await dashboard()).map((expr, at) => ({ record: `question_${at}`, expr }));
      writeFileSync(join(folder, 'questions.yaml'), stringify({ groups: [{ name: 'dashboard', rules }] }));
      const { stdout } = await run(judge('promtool'), ['check', 'rules', join(folder, 'questions.yaml')]);
      expect(stdout).toContain(`SUCCESS: ${rules.length} rules found`);
    });

    it('there is a case for each alert', async () => {
      expect(Object.keys(cases)).toEqual((await alertRules()).rules.map(({ alert }) => alert));
    });

    const fires = (name: string, changes: Series, alerts: readonly string[]) => {
      const test = {
        rule_files: ['rules.yaml'],
        evaluation_interval: '1m',
        tests: [
          {
            interval: '1m',
            input_series: Object.entries({ ...healthy, ...changes }).map(([series, values]) => ({ series, values })),
            promql_expr_test: [
              {
                expr: 'count by (alertname) (ALERTS{alertstate="firing"}) > bool 0',
                eval_time: '2h',
                exp_samples: alerts.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 })),
              },
            ],
          },
        ],
      };
      writeFileSync(join(folder, fileOf(name)), stringify(test));
      return fileOf(name);
    };
    const fileOf = (name: string) => `${name.replaceAll(' ', '-')}.yaml`;

    describe('each alert fires when it should, and nothing else with it:', () => {
      let verdicts: string;
      let complaints: string;
      // one process for all: most of what a process takes is its start
      beforeAll(async () => {
        const files = [
          fires('healthy', {}, []),
          ...Object.entries(cases).map(([alert, changes]) =>
            fires(alert, changes, [alert, ...(companions[alert] ?? [])]),
          ),
          ...otherWays.map(([alert, way, changes]) => fires(way, changes, [alert])),
        ];
        const tried = run(judge('promtool'), ['test', 'rules', ...files], { cwd: folder });
        const said: unknown = await tried.catch((thrown: unknown) => thrown);
        [verdicts, complaints] = [String(at(said, 'stdout')), String(at(said, 'stderr'))];
      });
      const demand = (name: string) => {
        const verdict = verdicts.split('Unit Testing:').find((each) => each.includes(` ${fileOf(name)}\n`));
        expect(verdict, complaints).toContain('SUCCESS');
      };

      it('two replicas that do well fire nothing', () => demand('healthy'));
      it.each(Object.keys(cases))('%s', demand);
      it.each(otherWays)('%s %s', (_, way) => demand(way));
    });
  });

  describeWith(['control-plane'], 'beside a running release', () => {
    let installed: Installed;
    let replica: Replica;
    let people: Keyed;
    beforeAll(async () => {
      people = await makeRoot('People');
      installed = await Installed.make(await sharedControlPlane(), {
        values: [
          ownIssuer,
          { revocation: { enabled: true } },
          {
            detection: { shipped: ['pod-on-two-nodes'] },
            exports: { sinks: [{ name: 'files', to: { file: {} } }], volume: { enabled: true } },
            audit: {
              witnesses: { ask: [{ url: 'http://127.0.0.1:1/', vkeys: [witness] }] },
              archive: { volume: { enabled: true } },
              retention: { bodies: '90d' },
            },
          },
          {
            api: { enabled: true, clientRoots: people.pem, roles: [{ who: { subject: 'CN=Ada' }, roles: ['viewer'] }] },
          },
          { kubernetes: { remoteClusters: { enabled: true } }, app: { tls: { certificateDNSNames: ['localhost'] } } },
        ],
        select: (namespace) => ({ app: { controller: { configmapNamespaceSelector: `mesh=${namespace}` } } }),
        secrets: { 'mesh-ca': issuerSecret },
      });
      replica = await installed.start();
    });
    afterAll(async () => {
      await replica[Symbol.asyncDispose]();
      installed[Symbol.dispose]();
    });

    it('they ask for metrics that it exports, every one', async () => {
      using agent = await Agent.connect({ port: (await replica.ready()).istio, roots: root.pem });
      await agent.call({ csr: p256Request().csr, token: 'none' });
      const metrics = await replica.metrics();
      expect(metrics).toMatch(/^countersign_certificate_expiry_timestamp_seconds\{role="crl",name="[^"]+"\} \d/m);
      const exported = new Set([...metrics.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name));
      const { rules } = await alertRules();
      const asked = [...rules.map(({ expr }) => expr), ...questionsOf(await dashboard())].flatMap(metricsIn);
      const missing = new Set(asked).values().filter((name) => !ofOthers.test(name));
      expect([...missing].filter((name) => !exported.has(name.replace(/_(bucket|count)$/, '')))).toEqual([]);
    });

    it('its sinks are tried as docs/kubernetes.md says', async () => {
      await replica.ready();
      const text = readFileSync(join(repository, 'docs/kubernetes.md'), 'utf8');
      const [, command = ''] = /exec countersign-0 .* \/app\/src\/cli\/main\.ts (export test .*)/.exec(text) ?? [];
      expect(await replica.command(command)).toMatchObject({ code: 0, stdout: 'files: can be written to\n' });
    });

    it('its admin API answers by the names of its Services, to those whom the values name', async () => {
      const { namespace } = installed;
      const { api: port } = await replica.ready();
      const ada = await issue(people, 'Ada');
      const statusOf = async (servername: string, options: RequestOptions = {}) => {
        const asked = get({ port, path: '/v1/authority', agent: false, ca: root.pem, servername, ...options });
        const [response]: IncomingMessage[] = await once(asked, 'response');
        return response?.resume().statusCode;
      };
      for (const name of [`${namespace}-api`, `${namespace}-0.${namespace}-replicas`]) {
        const host = `${name}.${namespace}.svc`;
        expect(await statusOf(host, { cert: ada.pem, key: ada.keyPem })).toBe(200);
        expect(await statusOf(host)).toBe(401);
      }
      await expect(statusOf('other.svc')).rejects.toThrow(/altnames/);
    });
  });
});
