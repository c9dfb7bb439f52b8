import type { Document } from '#document/document.ts';
import type { Problem } from '#document/problem.ts';
import type { Path } from '#document/source.ts';
import { readNetwork } from '#x509/address-ranges.ts';
import type { PolicyDocument, PolicySpec } from './document.ts';
import { allowedKinds, isForSvids } from './kinds.ts';

const sanKinds = ['uri', 'dns', 'ip', 'email', 'other'] as const;

/** What an allow policy says that its kinds of certificate cannot be held to: it would promise what is not done. */
export function kindProblems(document: Document<PolicyDocument>): Problem[] {
  const { spec } = document.content;
  const kinds = allowedKinds(spec);
  const faults =
    kinds.length > 1 && kinds.includes('svid') ? [mixed] : isForSvids(spec) ? svidFaults(spec) : copiedFaults(spec);
  return faults.map(({ path, why }) => document.problem(['spec', ...path], why));
}

interface Fault {
  readonly path: Path;
  readonly why: string;
}

const mixed: Fault = {
  path: ['match', 'kinds'],
  why: 'an SVID names its caller, the other kinds what their request names: write a policy for each',
};

function svidFaults({ subject, sans = {}, certificate = {} }: PolicySpec): Fault[] {
  const faults: Fault[] = [];
  const wrong = (path: Path, why: string) => faults.push({ path, why });
  const elsewhere =
    'is for certificates that name what their request names: "match.kinds" says of which kinds a policy is';
  if (subject !== undefined) wrong(['subject'], elsewhere);
  for (const key of ['pathLength', 'nameConstraints', 'tlsFeature'] as const)
    if (certificate[key] !== undefined) wrong(['certificate', key], elsewhere);
  for (const kind of sanKinds) {
    if (sans[kind]?.patterns !== undefined) wrong(['sans', kind, 'patterns'], elsewhere);
    const mode = sans[kind]?.mode;
    if (kind !== 'uri' && (mode === 'optional' || mode === 'required')) wrong(['sans', kind, 'mode'], elsewhere);
  }
  if (sans.dns?.wildcards !== undefined) wrong(['sans', 'dns', 'wildcards'], elsewhere);
  const { keyUsage, extendedKeyUsage } = certificate;
  if (keyUsage?.some((use) => use !== 'digitalSignature'))
    wrong(['certificate', 'keyUsage'], 'an SVID has digitalSignature; see "keyEncipherment" for RSA keys');
  if (extendedKeyUsage !== undefined && extendedKeyUsage.toSorted().join() !== 'clientAuth,serverAuth')
    wrong(['certificate', 'extendedKeyUsage'], 'an SVID serves both ends: serverAuth and clientAuth stand together');
  return faults;
}

function copiedFaults(spec: PolicySpec): Fault[] {
  const { identity, csr, subject, sans = {}, certificate = {} } = spec;
  const faults: Fault[] = [];
  const wrong = (path: Path, why: string) => faults.push({ path, why });
  const ofSvids = 'is for SVIDs alone; leave it out';
  if (identity !== undefined) wrong(['identity'], ofSvids);
  if (csr?.subject !== undefined) wrong(['csr', 'subject'], 'is for SVIDs alone; use "subject"');
  if (csr?.unlistedExtensions !== undefined)
    wrong(['csr', 'unlistedExtensions'], 'is for SVIDs alone; what is not given here is always refused');
  if (certificate.keyEncipherment !== undefined)
    wrong(['certificate', 'keyEncipherment'], 'is for SVIDs alone; use "keyUsage"');
  if (sans.uri?.max !== undefined) wrong(['sans', 'uri', 'max'], ofSvids);
  if (subject !== undefined && subject.mode !== 'forbidden' && subject.commonNames === undefined)
    wrong(['subject'], 'say which common names in "commonNames", since clients take one for a host; ["*"] is any');
  for (const part of ['commonNames', 'organizations'] as const)
    if (subject?.mode === 'forbidden' && subject[part] !== undefined)
      wrong(['subject', part], 'a subject that is forbidden has none');
  for (const key of ['pathLength', 'nameConstraints'] as const)
    if (certificate[key] !== undefined && !allowedKinds(spec).includes('ca'))
      wrong(['certificate', key], 'only a CA has it, and this policy is not about kind ca');
  if (certificate.tlsFeature !== undefined && !allowedKinds(spec).includes('end-entity'))
    wrong(['certificate', 'tlsFeature'], 'only an end entity has it, and this policy is not about kind end-entity');
  for (const kind of sanKinds) {
    const { mode, patterns } = sans[kind] ?? {};
    if (mode === 'ignored')
      wrong(['sans', kind, 'mode'], 'names of the CSR become names of the certificate: none is ignored');
    if ((mode === 'optional' || mode === 'required') && patterns === undefined)
      wrong(['sans', kind], 'say which names in "patterns"');
    if (mode === 'forbidden' && patterns !== undefined)
      wrong(['sans', kind, 'patterns'], 'names of a kind that is forbidden match nothing');
  }
  for (const [at, network] of (sans.ip?.patterns ?? []).entries()) {
    const why = networkFault(network);
    if (why !== undefined) wrong(['sans', 'ip', 'patterns', at], why);
  }
  return faults;
}

function networkFault(network: string): string | undefined {
  try {
    readNetwork(network);
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}
