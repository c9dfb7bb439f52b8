import type { Document } from '#document/document.ts';
import type { Problem } from '#document/problem.ts';
import { parseByteSize, parseDuration } from '#document/scalars.ts';
import type { Path } from '#document/source.ts';
import { asRefusal } from '#refusal/refusal.ts';
import { parseSpiffeId } from '#spiffe/spiffe-id.ts';
import { type FloorKey, type ProfileName, profiles, requiredProfile } from './approved.ts';
import { notAvailable } from './available.ts';
import type { Check } from './check.ts';
import { constraintsOf } from './constraints.ts';
import type { PolicyDocument, PolicySpec } from './document.ts';
import { kindProblems } from './kind-problems.ts';
import { leastTtl, type Validity } from './lifetime.ts';
import { type MatchTest, matchTests } from './match.ts';
import { type PolicyRates, ratesOf } from './rate.ts';

interface Common {
  readonly name: string;
  readonly priority: number;
  /** Last moment it may be used, ms since the epoch. */
  readonly expires: number;
  readonly match: readonly MatchTest[];
}

export interface DenyPolicy extends Common {
  readonly effect: 'deny';
  readonly message: string;
}

export interface AllowPolicy extends Common {
  readonly effect: 'allow';
  readonly constraints: readonly Check[];
  readonly validity: Validity;
  /** Of the CAs that it lets be issued. */
  readonly pathLength: number;
  readonly keyEncipherment: 'rsa-only' | 'always' | 'never';
  /** Octets of DER. */
  readonly maxSize: number;
  readonly level: ProfileName | undefined;
  readonly rates: PolicyRates | undefined;
}

export type CompiledPolicy = AllowPolicy | DenyPolicy;

/** What a schema cannot say is wrong with a policy. Empty when it may be compiled. */
export function meaningProblems(document: Document<PolicyDocument>, now: number): Problem[] {
  const { spec } = document.content;
  return [
    ...notAvailable(document),
    ...expiry(document, now),
    ...(spec.effect === 'deny' ? denyProblems(document) : allowProblems(document)),
  ];
}

/** Matchers, sets and numbers in place of text: this is done once, so that a decision allocates next to nothing. */
export function compile({ metadata, spec }: PolicyDocument): CompiledPolicy {
  const common = {
    name: metadata.name,
    priority: spec.priority,
    expires: spec.expires === undefined ? Number.POSITIVE_INFINITY : endOf(spec.expires),
    match: matchTests(spec),
  };
  if (spec.effect === 'deny') {
    return { ...common, effect: 'deny', message: spec.message ?? 'this request is denied by policy' };
  }
  return {
    ...common,
    effect: 'allow',
    constraints: constraintsOf(spec),
    validity: validityOf(spec.validity),
    pathLength: spec.certificate?.pathLength ?? 0,
    keyEncipherment: spec.certificate?.keyEncipherment ?? 'rsa-only',
    maxSize: parseByteSize(spec.certificate?.maxSize ?? defaultMaxSize),
    level: requiredProfile(spec.require),
    rates: ratesOf(spec.rate),
  };
}

const defaultMaxSize = '4KiB';
const largestMaxSize = 16 * 1024;
const dayMs = 86_400_000;
/** Seconds. */
const longestRate = 30 * 86_400;

/** A policy holds through the day it names, UTC. NaN for a 31 February, which Date would read as a day in March. */
function endOf(day: string): number {
  const start = Date.parse(`${day}T00:00:00Z`);
  const real = !Number.isNaN(start) && new Date(start).toISOString().startsWith(day);
  return real ? start + dayMs - 1 : Number.NaN;
}

function expiry({ content, problem }: Document<PolicyDocument>, now: number): Problem[] {
  const { expires } = content.spec;
  if (expires === undefined) return [];
  const path = ['spec', 'expires'];
  const end = endOf(expires);
  if (Number.isNaN(end)) return [problem(path, `"${expires}" is not a day of the calendar`)];
  return now > end ? [problem(path, `the policy expired on ${expires}; renew or remove it`)] : [];
}

/** Days before `expires` from which on loading warns. */
const warnDays = 30;

export function warnings({ content, problem }: Document<PolicyDocument>, now: number): Problem[] {
  const { expires } = content.spec;
  if (expires === undefined || endOf(expires) - now > warnDays * dayMs) return [];
  return [
    problem(['spec', 'expires'], `the policy expires on ${expires}; the server will not start with it after that`),
  ];
}

const ofDeny: ReadonlySet<string> = new Set(['mode', 'priority', 'expires', 'match', 'effect', 'message', 'tests']);

function denyProblems({ content, problem }: Document<PolicyDocument>): Problem[] {
  return Object.keys(content.spec)
    .filter((key) => !ofDeny.has(key))
    .map((key) => problem(['spec', key], 'a deny policy has only match, message and tests', { at: 'key' }));
}

function allowProblems(document: Document<PolicyDocument>): Problem[] {
  const { content, problem } = document;
  const { spec } = content;
  const found: Problem[] = [];
  const wrong = (path: Path, message: string) => found.push(problem(['spec', ...path], message));
  if (spec.message !== undefined) wrong(['message'], 'only a deny policy has a message');
  if (spec.validity === undefined) wrong([], 'an allow policy needs "validity" with at least "default" and "max"');
  else found.push(...validityProblems(document, spec.validity));
  if (spec.key?.allow === undefined && requiredProfile(spec.require) === undefined) {
    wrong([], 'an allow policy needs "key.allow" or "require.profile": which keys it is for');
  }
  found.push(...profileProblems(document));
  for (const [index, pattern] of (spec.identity?.patterns ?? []).entries()) {
    const why = patternFault(pattern);
    if (why !== undefined) wrong(['identity', 'patterns', index], why);
  }
  found.push(...rateProblems(document));
  found.push(...kindProblems(document));
  const { maxSize } = spec.certificate ?? {};
  if (maxSize !== undefined && parseByteSize(maxSize) > largestMaxSize) {
    wrong(['certificate', 'maxSize'], 'no certificate is larger than 16KiB');
  }
  return found;
}

function rateProblems({ content, problem }: Document<PolicyDocument>): Problem[] {
  const { rate } = content.spec;
  if (rate === undefined) return [];
  const given = Object.entries(rate);
  if (given.length === 0) return [problem(['spec', 'rate'], 'say of whom: total, perNamespace or perIdentity')];
  return given
    .filter(([, { per }]) => parseDuration(per) < 1 || parseDuration(per) > longestRate)
    .map(([of]) => problem(['spec', 'rate', of, 'per'], 'is between 1s and 30d: nothing older is counted'));
}

/** A key that the required profile forbids would be allowed on paper only. */
function profileProblems({ content, problem }: Document<PolicyDocument>): Problem[] {
  const { key, require } = content.spec;
  const name = requiredProfile(require);
  if (name === undefined) return [];
  const fits: ReadonlySet<FloorKey> = new Set(profiles[name].keys);
  return [...(key?.allow ?? []).entries()]
    .filter(([, kind]) => !fits.has(kind))
    .map(([index, kind]) =>
      problem(
        ['spec', 'key', 'allow', index],
        `${kind} is not in profile ${name}; its keys are ${[...fits].join(', ')}`,
      ),
    );
}

/** With wildcards made letters it must be a SPIFFE ID, or it could never match one. */
function patternFault(pattern: string): string | undefined {
  try {
    parseSpiffeId(pattern.replace(/[*?]/g, 'a'));
    return undefined;
  } catch (thrown) {
    return `can match nothing: ${asRefusal(thrown).message}`;
  }
}

type ValiditySpec = NonNullable<PolicySpec['validity']>;

const longestBackdate = 86_400;

function validityProblems({ problem }: Document<PolicyDocument>, spec: ValiditySpec): Problem[] {
  const { default: usual, min, max, backdate, jitter } = validityOf(spec);
  const found: Problem[] = [];
  const wrong = (key: keyof ValiditySpec, message: string) => found.push(problem(['spec', 'validity', key], message));
  if (backdate > longestBackdate) wrong('backdate', 'notBefore may lie at most 1d before now');
  if (min < leastTtl(backdate)) {
    wrong('min', `must be at least ${leastTtl(backdate)}s, so that the middle of the window lies a minute ahead`);
  }
  if (max < min) wrong('max', `is below the minimum of ${min}s`);
  if (usual < min || usual > max) wrong('default', `must lie between the minimum of ${min}s and max`);
  if (jitter > max - min) wrong('jitter', 'is longer than what lies between min and max');
  return found;
}

const defaultBackdate = '2m';
const defaultMin = '5m';

function validityOf(spec: ValiditySpec | undefined): Validity {
  if (spec === undefined) throw new RangeError('an allow policy without validity is not compiled');
  return {
    default: parseDuration(spec.default),
    max: parseDuration(spec.max),
    min: parseDuration(spec.min ?? defaultMin),
    above: spec.above,
    below: spec.below ?? 'reject',
    beyondIssuer: spec.beyondIssuer ?? 'clamp',
    backdate: parseDuration(spec.backdate ?? defaultBackdate),
    jitter: parseDuration(spec.jitter ?? '0s'),
  };
}
