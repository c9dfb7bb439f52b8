import 'reflect-metadata'; // what @peculiar/x509 asks of its users
import * as x509 from '@peculiar/x509';
import { type ByHand, type Terms, wish } from './by-hand.ts';
import type { Facts } from './evidence.ts';
import { alternativesOf, newRequest, subjectOf } from './request.ts';
import type { Wish } from './wish.ts';

/** Makes an issuance that is wrong in one way. */
export type Fault = (hand: ByHand) => Promise<Facts>;

type Over<T> = Partial<T> | Promise<Partial<T>>;

/** Other terms than were asked for. */
export const terms =
  (over: (good: Terms) => Over<Terms>): Fault =>
  async (hand) =>
    hand.facts(await over(hand.terms));

/** Other surroundings of a certificate that is good. */
export const around =
  (over: (good: Facts, hand: ByHand) => Over<Facts>): Fault =>
  async (hand) => {
    const good = await hand.facts();
    return { ...good, ...(await over(good, hand)) };
  };

/** Other names than were asked for. */
export const alternatives = (over: Wish): Fault =>
  terms(() => ({ alternatives: new x509.SubjectAlternativeNameExtension(alternativesOf({ ...wish, ...over })) }));

export const subject = (literalSubject: string): Fault => terms(() => ({ subject: subjectOf({ literalSubject }) }));

/** A good certificate that somebody asked something else for. */
export const request = (over: Wish): Fault =>
  around(async () => ({ request: (await newRequest({ ...wish, ...over })).csr }));

interface Change {
  readonly [member: string]: unknown;
}

/** One of the objects, with the changes of a merge patch (RFC 7396). */
export const object = (which: keyof Facts['objects'], change: Change): Fault =>
  around(({ objects }) => ({ objects: { ...objects, [which]: changed(objects[which], change) } }));

function changed(value: unknown, change: Change): unknown {
  const members = new Map<string, unknown>(Object.entries(Object(value)));
  for (const [name, over] of Object.entries(change)) {
    if (over === null) members.delete(name);
    else if (typeof over === 'object' && !Array.isArray(over))
      members.set(name, changed(members.get(name), { ...over }));
    else members.set(name, over);
  }
  return Object.fromEntries(members);
}

export const conditions = (which: keyof Facts['objects'], ...list: readonly Change[]): Fault =>
  object(which, { status: { conditions: list } });
