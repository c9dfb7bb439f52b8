import type { Document } from '#document/document.ts';
import type { Problem } from '#document/problem.ts';
import { parseDuration } from '#document/scalars.ts';
import { parseTrustDomain } from '#spiffe/spiffe-id.ts';
import type { KeyKind } from '#x509/algorithms.ts';
import { encodeName, type NameTerms } from '#x509/name.ts';
import type { CeremonyText } from './document.ts';

type Ceremony = Document<CeremonyText>;
type Path = readonly (string | number)[];

/** What makes the file unusable although its shape is right. */
export function findErrors(ceremony: Ceremony): Problem[] {
  return [
    ...trustDomainErrors(ceremony),
    ...secretErrors(ceremony),
    ...placeErrors(ceremony),
    ...nameErrors(ceremony),
    ...lifetimeErrors(ceremony),
  ];
}

/** What a reviewer should know. `now` in seconds. */
export function findWarnings(ceremony: Ceremony, now: number): Problem[] {
  return [
    ...peopleWarnings(ceremony),
    ...rootWarnings(ceremony, now),
    ...ceremony.content.intermediates.flatMap((_, i) => intermediateWarnings(ceremony, i, now)),
  ];
}

function trustDomainErrors({ content, problem }: Ceremony): Problem[] {
  const message = complaint(() => parseTrustDomain(content.trustDomain));
  return message === undefined ? [] : [problem(['trustDomain'], message)];
}

function secretErrors({ content, problem }: Ceremony): Problem[] {
  const places: [Path, { file?: string; env?: string }][] = [];
  if (content.token) places.push([['token', 'pin'], content.token.pin]);
  if (content.software) places.push([['software', 'passphrase'], content.software.passphrase]);
  return places
    .filter(([, { file, env }]) => (file === undefined) === (env === undefined))
    .map(([path]) => problem(path, 'give exactly one of file and env'));
}

function placeErrors({ content, problem }: Ceremony): Problem[] {
  const found: Problem[] = [];
  for (const [path, { key, keyIn }] of keysOf(content)) {
    if (keyIn === 'hsm' && !content.token) {
      found.push(problem([...path, 'keyIn'], 'the key is to live in an HSM, and there is no "token" to make it in'));
    }
    if (keyIn === 'software' && !content.software) {
      found.push(
        problem([...path, 'keyIn'], 'the key is to live in an encrypted file: "software.passphrase" is missing'),
      );
    }
    if (keyIn === 'hsm' && key.startsWith('ml-dsa')) {
      found.push(
        problem([...path, 'key'], 'ML-DSA keys cannot live in a PKCS#11 token yet; use EC or RSA, or software'),
      );
    }
    if (keyIn === 'memory' && !content.root) {
      found.push(problem([...path, 'keyIn'], 'a key that lives in memory needs our own root to sign it at each start'));
    }
  }
  return found;
}

function nameErrors({ content, problem }: Ceremony): Problem[] {
  const found: Problem[] = [];
  const labels = new Set<string>();
  const subjects = new Set<string>();
  for (const [path, { label, subject }] of keysOf(content)) {
    if (labels.has(label)) found.push(problem([...path, 'label'], `the label ${label} is used twice`));
    labels.add(label);
    const message = complaint(() => encodeName(subject));
    if (message !== undefined) {
      found.push(problem([...path, 'subject'], message));
      continue;
    }
    const name = Buffer.from(encodeName(subject)).toString('hex');
    if (subjects.has(name)) {
      found.push(problem([...path, 'subject'], 'two CAs with one name cannot be told apart; change the commonName'));
    }
    subjects.add(name);
  }
  return found;
}

function lifetimeErrors({ content, problem }: Ceremony): Problem[] {
  const found: Problem[] = [];
  const rootLifetime = content.root ? parseDuration(content.root.lifetime) : Infinity;
  for (const [path, { lifetime }] of keysOf(content)) {
    const seconds = parseDuration(lifetime);
    if (seconds < 3600) found.push(problem([...path, 'lifetime'], 'a CA lives at least an hour'));
    if (seconds > 100 * 365 * day) found.push(problem([...path, 'lifetime'], 'a CA lives at most a hundred years'));
    if (seconds > rootLifetime) {
      found.push(problem([...path, 'lifetime'], `it would outlive its root, which lives ${content.root?.lifetime}`));
    }
  }
  return found;
}

const day = 86_400;

function peopleWarnings({ content, problem }: Ceremony): Problem[] {
  const approvers = content.approvers ?? [];
  if (approvers.length === 0)
    return [problem(['approvers'], 'nobody has approved this file; have a second person review it')];
  return content.operators
    .filter((operator) => approvers.includes(operator))
    .map((operator) => problem(['approvers'], `${operator} both approves and runs the ceremony`));
}

function rootWarnings({ content, problem }: Ceremony, now: number): Problem[] {
  const { root } = content;
  if (!root) return [];
  const found = ageWarnings(['root'], root.key, parseDuration(root.lifetime), now, problem);
  if (root.keyIn === 'software') {
    found.push(problem(['root', 'keyIn'], "the root's key in a file can be copied; an HSM is the place for it"));
  }
  for (const [i, { key, lifetime }] of content.intermediates.entries()) {
    if (strength(key) > strength(root.key)) {
      found.push(
        problem(['root', 'key'], `${root.key} is weaker than ${key}, which it vouches for (intermediates[${i}])`),
      );
    }
    if (2 * parseDuration(lifetime) > parseDuration(root.lifetime)) {
      found.push(
        problem(['intermediates', i, 'lifetime'], 'more than half of its root: a successor could not live as long'),
      );
    }
  }
  return found;
}

function intermediateWarnings({ content, problem }: Ceremony, index: number, now: number): Problem[] {
  const { key, lifetime } = content.intermediates[index] ?? { key: 'ec:P-256', lifetime: '0s' };
  const path = ['intermediates', index];
  const found = ageWarnings(path, key, parseDuration(lifetime), now, problem);
  const cost = costs[key];
  if (cost !== undefined) found.push(problem([...path, 'key'], cost));
  if (parseDuration(lifetime) > 5 * 365 * day) {
    found.push(problem([...path, 'lifetime'], 'more than five years; an intermediate is renewed more often than that'));
  }
  return found;
}

/** One signature per workload certificate: what each kind costs there. */
const costs: Partial<Record<KeyKind, string>> = {
  'ec:P-384': 'a P-384 signature costs about 1 ms of CPU for each certificate, P-256 about 0.03 ms',
  'ec:P-521': 'a P-521 signature costs well over 1 ms of CPU for each certificate, and older Envoys refuse the curve',
  'rsa:2048': 'an RSA-2048 signature costs about 0.3 ms of CPU for each certificate, P-256 about 0.03 ms',
  'rsa:3072': 'an RSA-3072 signature costs about 0.9 ms of CPU for each certificate, P-256 about 0.03 ms',
  'rsa:4096': 'an RSA-4096 signature costs about 1.6 ms of CPU for each certificate, P-256 about 0.03 ms',
  ed25519: 'Envoy built with BoringSSL in FIPS mode does not verify Ed25519',
  'ml-dsa-44': 'Envoy, ztunnel and Go clients cannot verify ML-DSA yet',
  'ml-dsa-65': 'Envoy, ztunnel and Go clients cannot verify ML-DSA yet',
  'ml-dsa-87': 'Envoy, ztunnel and Go clients cannot verify ML-DSA yet',
};

/** SP 800-131A r3 draft (112 bits deprecated after 2030) and IR 8547 draft (classical signatures disallowed after 2035). */
const endOf2030 = Date.UTC(2031, 0, 1) / 1000;
const endOf2035 = Date.UTC(2036, 0, 1) / 1000;

function ageWarnings(path: Path, key: KeyKind, lifetime: number, now: number, problem: Ceremony['problem']): Problem[] {
  const notAfter = now + lifetime;
  if (key === 'rsa:2048' && notAfter >= endOf2030) {
    return [problem([...path, 'key'], 'valid past 2030, when NIST wants 112-bit keys gone; use rsa:3072 or ec:P-256')];
  }
  if (!key.startsWith('ml-dsa') && notAfter >= endOf2035) {
    return [
      problem([...path, 'lifetime'], 'valid past 2035, when NIST wants classical signatures gone; plan its successor'),
    ];
  }
  return [];
}

/** Bits of security, for comparison only (SP 800-57 part 1 table 2). */
function strength(key: KeyKind): number {
  const bits: Partial<Record<KeyKind, number>> = {
    'rsa:2048': 112,
    'rsa:4096': 140,
    'ec:P-384': 192,
    'ec:P-521': 256,
    'ml-dsa-65': 192,
    'ml-dsa-87': 256,
  };
  return bits[key] ?? 128;
}

interface PlannedKey {
  readonly label: string;
  readonly key: KeyKind;
  readonly keyIn: 'hsm' | 'software' | 'memory';
  readonly subject: NameTerms;
  readonly lifetime: string;
}

function keysOf({ root, intermediates }: CeremonyText): [Path, PlannedKey][] {
  const list: [Path, PlannedKey][] = intermediates.map((each, i) => [['intermediates', i], each]);
  return root ? [[['root'], { ...root, keyIn: root.keyIn ?? 'hsm' }], ...list] : list;
}

function complaint(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}
