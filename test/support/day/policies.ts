import { type PolicySet, policySet } from '#policy/set.ts';
import { policyText } from '#test/policy/sidecar.ts';
import { begin } from './plan.ts';

const anyKey = { allow: ['ec:P-256', 'ec:P-384', 'ed25519'] };
const lasting = (length: string) => ({ default: length, max: length, backdate: '1m' });

/** One says more than the one before; what it lets through stays the same. */
function sourcesOf(version: number) {
  const mesh = { priority: 1, key: anyKey, validity: lasting('1h'), match: { clusters: ['east', 'west'] } };
  const slow = { priority: 2, key: anyKey, validity: lasting('48h'), match: { namespaces: ['slow-*'] } };
  const pay = {
    priority: 3,
    key: { allow: ['ec:P-256', 'ec:P-384'] },
    require: { profile: 'fips' },
    validity: lasting('30m'),
    match: { namespaces: ['pay-*'] },
  };
  const about = (text: string) => text.replace('"name"', `"description": "version ${version}", "name"`);
  return Object.entries({ mesh, slow, pay }).map(([name, spec]) => ({
    file: `${name}.yaml`,
    text: name === 'mesh' ? about(policyText({ name, spec })) : policyText({ name, spec }),
  }));
}

const sets = new Map<number, PolicySet>();

export function setOfVersion(version: number): PolicySet {
  const set = sets.get(version) ?? policySet(sourcesOf(version), begin);
  sets.set(version, set);
  return set;
}
