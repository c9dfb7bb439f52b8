import { AddressRanges } from '#x509/address-ranges.ts';
import type { PurposeName } from '#x509/extended-key-usage.ts';
import type { KeyUsageName } from '#x509/key-usage.ts';
import type { Check, Objection } from './check.ts';
import type { PolicySpec } from './document.ts';
import { anyGlob } from './glob.ts';
import { type Inquiry, isNamed } from './question.ts';
import { anyUri } from './uri-pattern.ts';

/** What a policy asks of a certificate that names what its request names: nothing may be named that it does not list. */
export function copiedConstraints({ subject, sans = {}, certificate = {} }: PolicySpec): readonly Check[] {
  const wildcards = sans.dns?.wildcards === 'allow';
  return [
    ...subjectChecks(subject, wildcards),
    names('dns', sans.dns, anyDnsName(sans.dns?.patterns ?? [], wildcards)),
    names('ip', sans.ip, anyAddress(sans.ip?.patterns ?? [])),
    names('email', sans.email, anyGlob(sans.email?.patterns ?? [], '@')),
    names('uri', sans.uri, anyUri(sans.uri?.patterns ?? [])),
    names('other', sans.other, anyGlob(sans.other?.patterns ?? [], '')),
    usages(certificate.keyUsage, certificate.extendedKeyUsage),
    pathLength(certificate.pathLength),
    extension('name constraints', 'nameConstraints', '2.5.29.30', certificate.nameConstraints),
    extension('TLS feature', 'tlsFeature', '1.3.6.1.5.5.7.1.24', certificate.tlsFeature),
  ];
}

interface NamesSpec {
  readonly mode: 'forbidden' | 'ignored' | 'optional' | 'required';
  readonly patterns?: readonly string[];
}

function names(kind: string, spec: NamesSpec | undefined, matches: (name: string) => boolean): Check {
  const { mode = 'forbidden', patterns = [] } = spec ?? {};
  const refused = (sentence: string): Objection => ({ code: 'san.forbidden', sentence, detail: { kind } });
  const allowed = (value: string) => mode !== 'forbidden' && matches(value);
  const of = ({ csr }: Inquiry) => csr.sans.filter((san) => san.kind === kind);
  return {
    name: `${kind} names`,
    objection: (inquiry) => {
      const found = of(inquiry);
      const stranger = found.find(({ value }) => !allowed(value));
      if (stranger !== undefined) return refused(`the ${kind} name ${quoted(stranger.value)} ${why(mode, patterns)}`);
      if (mode !== 'required' || found.length > 0) return undefined;
      return refused(`the CSR names no ${kind} name; the policy wants one of ${patterns.join(', ')}`);
    },
    found: (inquiry) => {
      const found = of(inquiry);
      return found.length === 0 ? 'none' : found.map(({ value }) => value).join(', ');
    },
  };
}

const why = (mode: NamesSpec['mode'], patterns: readonly string[]) =>
  mode === 'forbidden' ? 'is of a kind that the policy does not give' : `is not one of ${patterns.join(', ')}`;

/** As much of it as a message has room for. */
const quoted = (value: string) => JSON.stringify(value.length > 200 ? `${value.slice(0, 200)}…` : value);

/** Names are compared without regard to case (RFC 4343 §2). */
function anyDnsName(patterns: readonly string[], wildcards: boolean): (name: string) => boolean {
  const matches = anyHost(
    patterns.map((pattern) => pattern.toLowerCase()),
    wildcards,
  );
  return (name) => matches(name.toLowerCase());
}

/** A wildcard stands for every label, and so needs a pattern whose first label does. */
function anyHost(patterns: readonly string[], wildcards: boolean): (name: string) => boolean {
  const matches = anyGlob(patterns, '.');
  const covering = patterns.filter((pattern) => pattern === '*' || pattern.startsWith('*.'));
  const matchesWildcard = wildcards ? anyGlob(covering, '.') : () => false;
  return (name) => (name.includes('*') ? matchesWildcard(name) : matches(name));
}

function anyAddress(networks: readonly string[]): (ip: string) => boolean {
  const ranges = new AddressRanges(networks);
  return (ip) => ranges.has(ip);
}

function subjectChecks(
  { mode, commonNames, organizations }: NonNullable<PolicySpec['subject']> = { mode: 'forbidden' },
  wildcards: boolean,
): Check[] {
  const refused = (sentence: string): Objection => ({ code: 'csr.subject', sentence });
  const isEmpty = ({ csr: { subject } }: Inquiry) => subject.empty ?? subject.commonName === undefined;
  const checks: Check[] = [
    {
      name: 'subject',
      objection: (inquiry) => {
        if (mode === 'forbidden' && !isEmpty(inquiry)) return refused('the CSR has a subject; the policy gives none');
        if (mode === 'required' && isEmpty(inquiry)) return refused('the CSR has no subject; the policy wants one');
        return undefined;
      },
      found: (inquiry) => (isEmpty(inquiry) ? 'empty' : 'as the policy wants it'),
    },
  ];
  // where a certificate has no DNS name, clients still take the common name for one
  if (commonNames !== undefined)
    checks.push(listed('common name', commonNames, anyHost(commonNames, wildcards), commonNamesOf));
  if (organizations !== undefined)
    checks.push(listed('organization', organizations, anyGlob(organizations, ''), organizationsOf));
  return checks;
}

const commonNamesOf = ({ csr: { subject } }: Inquiry) => (subject.commonName === undefined ? [] : [subject.commonName]);
const organizationsOf = ({ csr: { subject } }: Inquiry) => subject.organizations ?? [];

function listed(
  name: string,
  patterns: readonly string[],
  matches: (value: string) => boolean,
  read: (inquiry: Inquiry) => readonly string[],
): Check {
  return {
    name,
    objection: (inquiry) => {
      const stranger = read(inquiry).find((value) => !matches(value));
      if (stranger === undefined) return undefined;
      return { code: 'csr.subject', sentence: `the ${name} ${quoted(stranger)} is not one of ${patterns.join(', ')}` };
    },
    found: (inquiry) => read(inquiry).join(', ') || 'none',
  };
}

const usualUses: Readonly<Record<'end-entity' | 'ca', readonly KeyUsageName[]>> = {
  'end-entity': ['digitalSignature', 'keyEncipherment'],
  ca: ['keyCertSign', 'cRLSign', 'digitalSignature', 'keyEncipherment'],
};
const usualPurposes: readonly PurposeName[] = ['serverAuth', 'clientAuth'];

function usages(uses: readonly KeyUsageName[] | undefined, purposes: readonly PurposeName[] = usualPurposes): Check {
  return {
    name: 'usages',
    objection: ({ wish }) => {
      if (!isNamed(wish)) return undefined;
      const allowed = uses ?? usualUses[wish.kind];
      return (
        beyond('key usage', wish.keyUsage, allowed) ?? beyond('extended key usage', wish.extendedKeyUsage, purposes)
      );
    },
    found: ({ wish }) => (isNamed(wish) ? [...wish.keyUsage, ...wish.extendedKeyUsage].join(', ') : 'none'),
  };
}

function beyond<Name extends string>(
  what: string,
  wanted: readonly Name[],
  allowed: readonly Name[],
): Objection | undefined {
  const stranger = wanted.find((name) => !allowed.includes(name));
  if (stranger === undefined) return undefined;
  return {
    code: 'csr.extension',
    sentence: `${what} ${stranger} is not given here; right would be ${allowed.join(', ')}`,
  };
}

/** `field` says whether it is copied, or the request refused. */
function extension(
  name: string,
  field: 'nameConstraints' | 'tlsFeature',
  oid: string,
  mode: 'copy' | 'refuse' = 'refuse',
): Check {
  const has = ({ csr }: Inquiry) => csr.extensionOids.includes(oid);
  const sentence = `the CSR asks for ${field}, which the policy does not give ("certificate.${field}")`;
  return {
    name,
    objection: (inquiry) => (mode === 'copy' || !has(inquiry) ? undefined : { code: 'csr.extension', sentence }),
    found: (inquiry) => (has(inquiry) ? 'as the CSR has it' : 'none'),
  };
}

/** Of the CA: what it asks for, or the policy's where it asks for none or for more. */
export const givenPathLength = ({ csr }: Inquiry, most: number): number =>
  Math.min(csr.basicConstraints?.pathLength ?? most, most);

/** RFC 5280 §4.2.1.9: below a CA of path length n stand at most n more. */
function pathLength(most = 0): Check {
  return {
    name: 'path length',
    objection: (inquiry) => {
      const { name, pathLength: above } = inquiry.issuer;
      const given = givenPathLength(inquiry, most);
      if (inquiry.wish.kind !== 'ca' || above === undefined || above > given) return undefined;
      return {
        code: 'policy.error',
        sentence: `issuer "${name}" has path length ${above}, and so may sign no CA of path length ${given}`,
        detail: { issuer: name, pathLength: above },
      };
    },
    found: (inquiry) =>
      inquiry.wish.kind === 'ca'
        ? `${givenPathLength(inquiry, most)} under ${inquiry.issuer.pathLength ?? 'no bound'}`
        : 'of no CA',
  };
}
