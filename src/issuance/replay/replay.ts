import type { Entry } from '#audit/entry.ts';
import { memberOf, textOf } from '#audit/json-object.ts';
import { evaluate } from '#policy/decide.ts';
import type { PermitTerms } from '#policy/permit.ts';
import type { IssuerFacts, Question } from '#policy/question.ts';
import type { PolicySet } from '#policy/set.ts';
import { Refusal } from '#refusal/refusal.ts';
import { type Certificate, readCertificate } from '#x509/certificate.ts';
import { CertificateError } from '#x509/certificate-error.ts';
import { type AnnouncedIssuer, AnnouncedIssuers, elsewhere, secondsOf } from './announced-issuers.ts';
import { Configurations } from './configurations.ts';
import { demandSame, type Finding, Misfit } from './finding.ts';
import { holdNames, holdRecord, holdRelayed, holdToRecord, lintAgain } from './hold.ts';
import { issuedKind, type KindName } from './kinds.ts';
import { LoadedPolicies } from './loaded-policies.ts';
import { holdServing, Intents } from './own-certificates.ts';
import { demandOwnIdentity, momentOf, questionOf } from './question-of.ts';

/** Seconds from a decision to its record: a signature, an issuer elsewhere, a clock that was behind. */
const mostDelay = 900;

interface Decided {
  readonly terms: PermitTerms;
  readonly issuer: AnnouncedIssuer;
}

/**
 * Walks a log from its beginning, once and in order, and decides again what was issued: from who asked, what and when, under
 * the policy set that the record names, all as the log has them. What was made is held against that. Memory is bounded.
 */
export class Replay {
  readonly #policies = new LoadedPolicies();
  readonly #issuers = new AnnouncedIssuers();
  readonly #configurations = new Configurations();
  readonly #intents = new Intents();
  readonly #counts = new Map<KindName, number>();
  #hasMissed = false;

  /** How many there were of each kind, and so how each was held against the rules. */
  get counts(): ReadonlyMap<KindName, number> {
    return this.#counts;
  }

  /** Takes in what decisions hang on; of what is none of that nothing is kept. */
  learn(entry: Entry): void {
    switch (entry.type) {
      case 'policy.loaded':
      case 'policy.text':
        this.#policies.take(entry);
        break;
      case 'config.loaded':
        this.#configurations.take(entry);
        break;
      case 'issuer.installed':
      case 'issuer.rotated':
        this.#issuers.take(entry);
        break;
      case 'certificate.intended':
        this.#intents.take(entry);
    }
  }

  /** Here are records of which only the hashes are left, so many of them within what is looked at. */
  missed(count: number): void {
    this.#hasMissed = true;
    if (count > 0) this.#count('dropped', count);
  }

  /** Holds one record against the rules. What it gives does not fit. */
  check(entry: Entry): Finding | undefined {
    if (entry.type === 'request.approved') this.#count('approval');
    if (entry.type === 'ceremony.step' && entry.certificateDer !== undefined) this.#count('ceremony');
    return entry.type === 'certificate.issued' ? finding(entry, () => this.#hold(entry)) : undefined;
  }

  /** What another policy set would say of an issuance; undefined for what no policy decides, or permits. Throws Misfit. */
  ask(entry: Entry, set: PolicySet): Refusal | undefined {
    const leaf = leafOf(entry);
    if (!isDecided(issuedKind(entry, leaf?.isCa ?? false))) return undefined;
    const [issuer] = this.#issuersOf(entry);
    const answer = evaluate(this.#question(entry, leaf, issuer?.facts ?? elsewhere('')), set);
    return answer instanceof Refusal ? answer : undefined;
  }

  #hold(entry: Entry): void {
    const leaf = leafOf(entry);
    const kind = issuedKind(entry, leaf?.isCa ?? false);
    if (kind === undefined) throw new Misfit('kind', 'nobody here issues such a certificate');
    if (kind === 'authority') this.#holdIntent(entry, leaf);
    else this.#count(isDecided(kind) && isUndecidable(entry, leaf) ? 'undecidable' : kind);
    const isOurs = kind === 'serving' || kind === 'authority';
    const decided = isOurs || isUndecidable(entry, leaf) ? undefined : this.#holdDecision(entry, leaf);
    if (kind === 'serving') holdServing(entry, leaf, this.#configurations.of(entry));
    if (leaf === undefined) return;
    const [issuer] = decided === undefined ? this.#issuersOf(entry, kind) : [decided.issuer];
    holdToRecord(entry, leaf, issuer);
    holdNames(entry, leaf);
    if (decided === undefined) return;
    if (isRelayed(entry)) holdRelayed(leaf, decided.terms, momentOf(entry).now);
    else lintAgain(entry, leaf, decided.terms, decided.issuer);
  }

  #holdIntent(entry: Entry, leaf: Certificate | undefined): void {
    const isIntended = this.#intents.hold(entry, leaf);
    if (!isIntended && !this.#hasMissed)
      throw new Misfit('kind', 'it was issued without an intent in the log before it');
    this.#count(isIntended ? 'authority' : 'intent-dropped');
  }

  #holdDecision(entry: Entry, leaf: Certificate | undefined): Decided {
    demandOwnIdentity(entry);
    const { now } = momentOf(entry);
    const recorded = secondsOf(entry.time) ?? 0;
    if (now > recorded + 1 || recorded - now > mostDelay)
      throw new Misfit('time', `it was decided at ${new Date(now * 1000).toISOString()} and recorded at ${entry.time}`);
    return this.#decide(entry, leaf);
  }

  /** The same answer as then, under one of the windows that its issuer had. */
  #decide(entry: Entry, leaf: Certificate | undefined): Decided {
    const id = textOf(memberOf(entry.decision, 'policySetId')) ?? '';
    const set = this.#policies.set(id);
    let misfit: unknown;
    for (const issuer of this.#issuersOf(entry)) {
      try {
        const terms = evaluate(this.#question(entry, leaf, issuer.facts), set);
        if (terms instanceof Refusal)
          throw new Misfit('decision', `policy refuses it: ${terms.code}, ${terms.message}`);
        demandSame('decision', 'decision.policySetId', id, terms.policySetId);
        holdRecord(entry, terms);
        return { terms, issuer };
      } catch (thrown) {
        misfit ??= thrown;
      }
    }
    throw misfit;
  }

  #question(entry: Entry, leaf: Certificate | undefined, issuer: IssuerFacts): Question {
    return questionOf(entry, leaf, this.#configurations.of(entry), issuer);
  }

  /** Throws Misfit where the log was told of none; of a root above our own intermediate it never is. */
  #issuersOf(entry: Entry, kind?: KindName): readonly AnnouncedIssuer[] {
    const issuer = memberOf(entry.certificate, 'issuer');
    const name = textOf(memberOf(issuer, 'name')) ?? '';
    if (kind === 'authority') return [];
    if (isRelayed(entry)) {
      if (kind === 'serving' || this.#issuers.isElsewhere(name)) return relaying(entry, name);
      throw new Misfit('issuer', `the log was never told of an issuer ${name} elsewhere`);
    }
    const found = this.#issuers
      .of(textOf(memberOf(issuer, 'certSha256')) ?? '')
      .filter(({ facts }) => facts.name === name);
    if (found.length > 0) return found;
    throw new Misfit('issuer', `the log was never told of issuer ${name} with the certificate that it names`);
  }

  #count(kind: KindName, number = 1): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + number);
  }
}

const isRelayed = ({ certificate, outside }: Entry) =>
  outside !== undefined || memberOf(certificate, 'profile') === 'outside';

/** The end of an issuer elsewhere is that of its roots, which no record has: it may only have shortened what was permitted. */
function relaying({ decision }: Entry, name: string): readonly AnnouncedIssuer[] {
  const facts = elsewhere(name);
  const end = secondsOf(memberOf(memberOf(decision, 'permitted'), 'notAfter'));
  return [{ facts }, ...(end === undefined ? [] : [{ facts: { ...facts, notAfter: end } }])];
}

const isDecided = (kind: KindName | undefined) => kind === 'workload' || kind === 'relayed' || kind === 'named-only';

/** Groups that a policy may have looked at, or all that a request named, in a certificate that is not there. */
function isUndecidable({ asked, caller }: Entry, leaf: Certificate | undefined): boolean {
  const kind = memberOf(asked, 'kind') ?? 'svid';
  return (kind !== 'svid' && leaf === undefined) || memberOf(memberOf(caller, 'user'), 'groupCount') !== undefined;
}

function leafOf({ certificateDer }: Entry): Certificate | undefined {
  if (typeof certificateDer !== 'string') return undefined;
  try {
    return readCertificate(Buffer.from(certificateDer, 'base64'));
  } catch (cause) {
    if (!(cause instanceof CertificateError)) throw cause;
    throw new Misfit('certificate', `it cannot be read: ${cause.message}`, { cause });
  }
}

function finding({ seq }: Entry, hold: () => void): Finding | undefined {
  try {
    hold();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Misfit) return { index: seq, rule: thrown.rule, difference: thrown.message };
    if (thrown instanceof Refusal) return { index: seq, rule: ruleOf(thrown), difference: thrown.message };
    if (thrown instanceof RangeError || thrown instanceof CertificateError)
      return { index: seq, rule: 'record', difference: thrown.message };
    throw thrown;
  }
}

const ruleOf = ({ code }: Refusal) => (code === 'profile.lint' ? 'certificate' : 'record');
