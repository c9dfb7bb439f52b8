/** Which of the things that must fit does not. */
export type Rule =
  /** The log was not told what that policy set says, or not the truth. */
  | 'policy-set'
  /** The log was not told of that issuer, or of who decided there. */
  | 'issuer'
  | 'configuration'
  /** Nobody here issues that. */
  | 'kind'
  /** Who asked is not who the credential names. */
  | 'caller'
  /** It was decided at another time than it was recorded. */
  | 'time'
  /** Policy refuses it, or another policy permits it, or otherwise. */
  | 'decision'
  /** The record says something else of the certificate than was permitted. */
  | 'record'
  /** The certificate says something else than its record and permit. */
  | 'certificate';

/** An issuance that does not fit, under the first rule by which it does not. */
export interface Finding {
  readonly index: number;
  readonly rule: Rule;
  /** For people: the field, what stands there, what would be right. */
  readonly difference: string;
}

/** Thrown where something does not fit; whoever walks the log makes a Finding of it. */
export class Misfit extends Error {
  override readonly name = 'Misfit';
  readonly rule: Rule;

  constructor(rule: Rule, difference: string, options?: ErrorOptions) {
    super(difference, options);
    this.rule = rule;
  }
}

const longest = 300;
const shown = (value: unknown) => {
  const text = value === undefined ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > longest ? `${text.slice(0, longest)}…`.toWellFormed() : text;
};

/** Throws Misfit where what stands there is not what would be right. Lists and objects are compared whole. */
export function demandSame(rule: Rule, field: string, found: unknown, right: unknown): void {
  if (found === right || JSON.stringify(found) === JSON.stringify(right)) return;
  throw new Misfit(rule, `${field} is ${shown(found)}; right would be ${shown(right)}`);
}
