import { Refusal } from '#refusal/refusal.ts';

/** RFC 3986 §3.1: a name without a scheme is a relative reference, which RFC 5280 §4.2.1.6 forbids. */
const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:./;
/** RFC 1123 §2.1 with the first label of a wildcard (RFC 6125 §6.4.3); whether wildcards are wanted is policy. */
const dnsName = /^(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
const longestDnsName = 253;
const mailbox = /^[^@]+@[^@]+$/;

/** Each takes printable ASCII and gives it back, or throws Refusal `csr.san`. */
export function checkUri(text: string): string {
  return scheme.test(text) ? text : refuse('a URI name does not begin with a scheme');
}

export function checkDnsName(text: string): string {
  if (text.length > longestDnsName) refuse(`a DNS name is longer than ${longestDnsName} characters`);
  return dnsName.test(text)
    ? text
    : refuse('a DNS name is not made of letters, digits and hyphens between single dots');
}

export function checkEmail(text: string): string {
  return mailbox.test(text) ? text : refuse('an email name is not of the form local@domain');
}

/** Text of 4 or 16 octets, IPv6 in the form of RFC 5952 §4. Throws Refusal `csr.san` for another count. */
export function ipText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  if (octets.length !== 16) refuse('an IP address is neither 4 nor 16 octets');
  const groups = Array.from({ length: 8 }, (_, i) => ((octets[2 * i] ?? 0) << 8) | (octets[2 * i + 1] ?? 0));
  const run = longestZeroRun(groups);
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return run.length < 2 ? text(0, 8) : `${text(0, run.at)}::${text(run.at + run.length, 8)}`;
}

/** The first of the longest runs of zero groups. */
function longestZeroRun(groups: readonly number[]): { at: number; length: number } {
  let best = { at: 0, length: 0 };
  for (let at = 0; at < groups.length; at++) {
    let length = 0;
    while (groups[at + length] === 0) length++;
    if (length > best.length) best = { at, length };
  }
  return best;
}

function refuse(what: string): never {
  throw new Refusal('csr.san', what);
}
