import { Refusal } from '#refusal/refusal.ts';

/**
 * RFC 3986 §3.1 and §2: a scheme, since RFC 5280 §4.2.1.6 forbids relative references, and then only the characters
 * that a URI may hold. What they say is for policy, which compares octets.
 */
const uri = /^[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$/;
/** RFC 1123 §2.1 with the first label of a wildcard (RFC 6125 §6.4.3); whether wildcards are wanted is policy. */
const dnsName = /^(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
const longestDnsName = 253;
const mailbox = /^[^@]+@[^@]+$/;

/** Each takes printable ASCII and gives it back, or throws Refusal `csr.san`. */
export function checkUri(text: string): string {
  return uri.test(text) ? text : refuse('a URI name has no scheme, or characters that no URI holds');
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
