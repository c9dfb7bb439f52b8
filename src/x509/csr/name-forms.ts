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

function refuse(what: string): never {
  throw new Refusal('csr.san', what);
}
