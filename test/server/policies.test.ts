import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEvent } from '#audit/event.ts';
import { DocumentError } from '#document/problem.ts';
import { Events } from '#server/events.ts';
import { demandApprovedPolicies } from '#server/fips.ts';
import { FollowedPolicies } from '#server/policies.ts';
import { Logger } from '#telemetry/log/logger.ts';
import { policyText } from '#test/policy/sidecar.ts';
import { TestHome } from '#test/support/home.ts';

const clock = { now: () => Date.UTC(2026, 10, 21) };
const rsa = { name: 'old rsa', given: { key: 'rsa:3072' }, expect: { decision: 'allow' } };

describe('policies that are followed', () => {
  let home: TestHome;
  let recorded: AuditEvent[];
  beforeEach(() => {
    home = new TestHome();
    recorded = [];
  });
  afterEach(() => home[Symbol.dispose]());

  const write = (text: string) => writeFileSync(home.path('p.yaml'), text);
  const follow = (demand: ConstructorParameters<typeof FollowedPolicies>[2] = () => {}) =>
    new FollowedPolicies([home.path('p.yaml')], clock, demand);
  const reload = async (policies: FollowedPolicies) => {
    policies.follow({
      log: { append: async (event) => recorded.push(event) - 1, size: 0, newestTime: 0 },
      events: new Events(() => 'id', {}),
      logger: new Logger({ write: () => {} }, () => '', 'error', clock),
    });
    await policies.reload();
    await policies.stop();
  };

  const broken: readonly [string, string][] = [
    ['P-38: a broken file', 'spec: !'],
    ['P-39: a case that fails', policyText({ spec: { tests: [rsa] } })],
  ];
  it.each(broken)('%s leaves the old set in force, and is a record', async (_, text) => {
    write(policyText({}));
    const policies = follow();
    const before = policies.set;
    write(text);
    await reload(policies);
    expect(policies.set).toBe(before);
    expect(recorded).toMatchObject([{ type: 'policy.refused', outcome: 'failed' }]);
  });

  it('a changed set is recorded with both ids before it decides', async () => {
    write(policyText({}));
    const policies = follow();
    const before = policies.set;
    write(policyText({ spec: { priority: 5 } }));
    await reload(policies);
    expect(policies.set.id).not.toBe(before.id);
    expect(recorded).toMatchObject([
      { type: 'policy.loaded', change: { beforeSha256: before.id, afterSha256: policies.set.id } },
    ]);
  });

  it('there is none to begin with in a broken file', () => {
    write('spec: !');
    expect(() => follow()).toThrow(DocumentError);
  });

  const requiring = (require: unknown, key: unknown = { allow: ['ec:P-384'] }) =>
    policyText({ spec: { require, key } });
  it('at FIPS level "policy" a set that would let other algorithms in is refused, at start and later', async () => {
    write(requiring({ fips: 'policy' }));
    const policies = follow(demandApprovedPolicies);
    const before = policies.set;
    write(requiring(undefined));
    expect(() => follow(demandApprovedPolicies)).toThrow(/does not say "require: \{fips: policy\}"/);
    await reload(policies);
    expect(policies.set).toBe(before);
    expect(recorded).toMatchObject([{ type: 'policy.refused', message: expect.stringContaining('fips.level') }]);
  });

  it.each(['fips', 'cnsa-1', 'cnsa-2', 'interop'])(
    'at FIPS level "policy" profile %s is strict enough: it holds approved algorithms alone',
    (profile) => {
      const key = { allow: [profile === 'cnsa-2' ? 'ml-dsa-87' : 'ec:P-384'] };
      write(requiring({ profile }, key));
      expect(() => follow(demandApprovedPolicies)).not.toThrow();
      write(requiring({ fips: 'policy', profile }, key));
      expect(() => follow(demandApprovedPolicies)).not.toThrow();
    },
  );
});
