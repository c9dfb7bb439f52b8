import { type Role, roles } from '#policy/role.ts';

/** A claim of a token: its text, or one of a list of texts. */
export interface ClaimMatch {
  readonly name: string;
  readonly value: string;
}

/** Whom an entry of the table speaks of; each of its facts must be had to the letter. */
export type Who =
  | { readonly by: 'spiffeId' | 'subject' | 'certificateSha256'; readonly value: string }
  /** Never empty; all of them. */
  | { readonly by: 'claims'; readonly claims: readonly ClaimMatch[] };

export interface Grant {
  readonly who: Who;
  readonly roles: readonly Role[];
}

/** What is known of a proven person, by the way of the proof. */
export type Known =
  | { readonly spiffeId?: string; readonly subject: string; readonly certificateSha256: string }
  | { readonly claims: Readonly<Record<string, unknown>> };

/** Roles that the entries give to somebody together, in the order of `roles`; none is given by default. */
export function rolesOf(grants: readonly Grant[], known: Known): readonly Role[] {
  const given = new Set(grants.filter(({ who }) => speaksOf(who, known)).flatMap((grant) => grant.roles));
  return roles.filter((role) => given.has(role));
}

function speaksOf(who: Who, known: Known): boolean {
  if (who.by === 'claims') return 'claims' in known && who.claims.every((each) => hasClaim(known.claims, each));
  return !('claims' in known) && known[who.by] === who.value;
}

function hasClaim(claims: Readonly<Record<string, unknown>>, { name, value }: ClaimMatch): boolean {
  const found = Object.hasOwn(claims, name) ? claims[name] : undefined;
  return Array.isArray(found) ? found.includes(value) : found === value;
}
