import type { Certificate } from '../certificate.ts';
import type { GeneralName } from '../certificate-names.ts';
import { type Fault, fault } from './fault.ts';
import { comparableRdns, emailAddresses, isWellFormedConstraint, uriHost } from './name-forms.ts';

/** Names times subtrees of one path; a bundle made to be slow has a million. */
const maxComparisons = 65536;

/**
 * RFC 5280 §6.1.3 (b), (c) for a whole path, anchor last: every name of a certificate is held against the constraints
 * of every CA above it. Self-issued CAs are exempt; the target never is.
 */
export function nameConstraintFaults(path: readonly Certificate[]): Fault[] {
  const faults: Fault[] = [];
  let comparisons = 0;
  for (const [i, holder] of path.entries()) {
    const { nameConstraints } = holder;
    if (nameConstraints === undefined) continue;
    const bases = [...nameConstraints.permitted, ...nameConstraints.excluded];
    const malformed = bases.find((base) => !isWellFormedConstraint(base));
    if (malformed) {
      faults.push(fault('name-constraints', holder, `"${malformed.text}" is no subtree of kind ${malformed.kind}`));
      continue;
    }
    for (const [j, below] of path.slice(0, i).entries()) {
      if (j > 0 && below.isSelfIssued) continue;
      const names = constrainedNames(below);
      comparisons += names.length * bases.length;
      if (comparisons > maxComparisons)
        return [fault('too-complex', holder, 'more names and subtrees than are compared')];
      for (const name of names) {
        const why = offence(name, nameConstraints.permitted, nameConstraints.excluded);
        if (why) faults.push(fault('name-constraints', below, `"${name.text}" ${why}`));
      }
    }
  }
  return faults;
}

/** The names of its subjectAltName, its subject, and the subject's mail addresses where the former has none. */
function constrainedNames(certificate: Certificate): GeneralName[] {
  const { subject, names } = certificate;
  if (certificate.hasEmptySubject) return [...names];
  const addresses = names.some(({ kind }) => kind === 'email') ? [] : emailAddresses(subject);
  return [
    { kind: 'directory', octets: subject, text: certificate.subjectText },
    ...addresses.map((text) => ({ kind: 'email', octets: Buffer.from(text), text }) as const),
    ...names,
  ];
}

function offence(
  name: GeneralName,
  permitted: readonly GeneralName[],
  excluded: readonly GeneralName[],
): string | undefined {
  const allowed = permitted.filter(({ kind }) => kind === name.kind);
  const forbidden = excluded.filter(({ kind }) => kind === name.kind);
  if (allowed.length + forbidden.length === 0) return undefined;
  if (!isInterpreted(name)) return `is of a kind (${name.kind}) whose constraints cannot be checked`;
  if (forbidden.some((base) => isWithin(name, base) || wildcardReaches(name, base))) return 'is in an excluded subtree';
  if (allowed.length > 0 && !allowed.some((base) => isWithin(name, base))) return 'is in no permitted subtree';
  return undefined;
}

function isInterpreted({ kind, text }: GeneralName): boolean {
  if (kind === 'uri') return uriHost(text) !== undefined;
  return kind === 'dns' || kind === 'ip' || kind === 'email' || kind === 'directory';
}

function isWithin(name: GeneralName, base: GeneralName): boolean {
  switch (name.kind) {
    case 'dns':
      return isDomainWithin(withoutWildcard(name.text), base.text);
    case 'uri':
      return isHostWithin(uriHost(name.text) ?? '', base.text);
    case 'email':
      return isMailboxWithin(name.text, base.text);
    case 'ip':
      return isAddressWithin(name.octets, base.octets);
    default:
      return isDirectoryWithin(name.octets, base.octets);
  }
}

const withoutWildcard = (text: string) => (text.startsWith('*.') ? text.slice(2) : text);

/** Zero or more labels added on the left. */
function isDomainWithin(name: string, base: string): boolean {
  const [lower, domain] = [name.toLowerCase(), base.toLowerCase()];
  return domain === '' || lower === domain || lower.endsWith(`.${domain}`);
}

/** Whether `*.x` can stand for a host at or below `base`: one label more than x. */
function wildcardReaches(name: GeneralName, base: GeneralName): boolean {
  if (name.kind !== 'dns' || !name.text.startsWith('*.')) return false;
  return base.text.slice(base.text.indexOf('.') + 1).toLowerCase() === name.text.slice(2).toLowerCase();
}

/** A leading period takes in every host below, and not the domain itself; without one, exactly that host. */
function isHostWithin(host: string, base: string): boolean {
  const [lower, domain] = [host.toLowerCase(), base.toLowerCase()];
  return domain.startsWith('.') ? lower.endsWith(domain) && lower.length > domain.length : lower === domain;
}

function isMailboxWithin(mailbox: string, base: string): boolean {
  const [local, host = ''] = mailbox.split('@');
  const [baseLocal, baseHost] = base.split('@');
  return baseHost === undefined
    ? isHostWithin(host, base)
    : local === baseLocal && host.toLowerCase() === baseHost.toLowerCase();
}

function isAddressWithin(address: Uint8Array, base: Uint8Array): boolean {
  const length = base.length / 2;
  if (address.length !== length) return false;
  return address.every((octet, i) => (octet & (base[length + i] ?? 0)) === ((base[i] ?? 0) & (base[length + i] ?? 0)));
}

function isDirectoryWithin(name: Uint8Array, base: Uint8Array): boolean {
  const rdns = comparableRdns(name);
  return comparableRdns(base).every((rdn, i) => rdns[i] === rdn);
}
