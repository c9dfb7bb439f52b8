import { hash } from 'node:crypto';
import type { Entry } from '#audit/entry.ts';
import { memberOf, textOf } from '#audit/json-object.ts';
import type { PermitTerms } from '#policy/permit.ts';
import type { Certificate } from '#x509/certificate.ts';
import { purposeText } from '#x509/extended-key-usage.ts';
import { readSpki } from '#x509/keys/public-key.ts';
import { compareReleased, type Expectation } from '#x509/lint.ts';
import type { StatusPointers } from '#x509/profile/ca-certificate.ts';
import { verifySignatureSync } from '#x509/verify-signature.ts';
import { demandLeaf } from '../outside/returned-leaf.ts';
import type { AnnouncedIssuer } from './announced-issuers.ts';
import { demandSame, Misfit } from './finding.ts';

const moment = (seconds: number) => new Date(seconds * 1000).toISOString();

/** What was decided, and what the certificate was to be, as the record has them. Throws Misfit. */
export function holdRecord({ certificate, decision }: Entry, terms: PermitTerms): void {
  const say = (name: string) => memberOf(decision, name);
  for (const name of ['policy', 'priority', 'level'] as const)
    demandSame('decision', `decision.${name}`, say(name), terms[name]);
  const { clamped } = terms;
  demandSame('decision', 'decision.clamped', say('clamped'), clamped && { from: clamped.from, to: clamped.to });

  const permitted = say('permitted');
  const of = (name: string) => memberOf(permitted ?? certificate, name);
  const record = (name: string) => memberOf(certificate, name);
  const where = permitted === undefined ? 'certificate' : 'decision.permitted';
  demandSame('record', `${where}.notBefore`, of('notBefore'), moment(terms.notBefore));
  demandSame('record', `${where}.notAfter`, of('notAfter'), moment(terms.notAfter));
  demandSame('record', `${where}.ttl`, of('ttl'), terms.ttl);
  demandSame('record', 'certificate.issuer.name', memberOf(record('issuer'), 'name'), terms.issuer);
  demandSame('record', 'certificate.key.spkiSha256', memberOf(record('key'), 'spkiSha256'), terms.spkiSha256);
  if (terms.kind === 'svid') {
    demandSame('record', 'certificate.identity', record('identity'), terms.identity);
    demandSame('record', 'certificate.sans', record('sans'), [terms.identity]);
  }
  if (permitted !== undefined) return;
  demandSame('record', 'certificate.ku', record('ku'), terms.keyUsage);
  demandSame('record', 'certificate.eku', record('eku'), terms.extendedKeyUsage);
}

/** The certificate is the one that its record speaks of, field by field, and its issuer signed it. Throws Misfit. */
export function holdToRecord({ certificate }: Entry, leaf: Certificate, issuer: AnnouncedIssuer | undefined): void {
  const demand = (name: string, found: unknown, recorded = memberOf(certificate, name)) => {
    if (recorded !== undefined) demandSame('certificate', `its ${name}`, found, recorded);
  };
  demand('sha256', hash('sha256', leaf.der, 'hex'));
  demand('tbsSha256', hash('sha256', leaf.tbs, 'hex'));
  demand('serial', leaf.serialText);
  demand('notBefore', moment(leaf.notBefore));
  demand('notAfter', moment(leaf.notAfter));
  demand('signatureAlgorithm', leaf.signatureAlgorithm);
  demand('ku', leaf.keyUsage ?? []);
  demand('eku', leaf.extendedKeyUsage?.map(purposeText) ?? []);
  const key = memberOf(certificate, 'key');
  demand('key.spkiSha256', hash('sha256', leaf.spki, 'hex'), memberOf(key, 'spkiSha256'));
  demand('key.kind', readSpki(leaf.spki).kind, memberOf(key, 'kind'));
  const keyId = memberOf(memberOf(certificate, 'issuer'), 'keyId');
  demand('issuer.keyId', Buffer.from(leaf.authorityKeyId?.keyId ?? []).toString('hex'), keyId);
  if (issuer?.key === undefined || leaf.signatureAlgorithm === undefined) return;
  if (!verifySignatureSync(issuer.key, leaf.signatureAlgorithm, leaf.tbs, leaf.signature))
    throw new Misfit('certificate', `its signature is not that of issuer ${issuer.facts.name}`);
}

/** Its names, where the record has them with their kinds or bare. Throws Misfit. */
export function holdNames({ certificate }: Entry, leaf: Certificate): void {
  const recorded = memberOf(certificate, 'sans');
  if (!Array.isArray(recorded)) return;
  const isBare = recorded.some((name) => typeof name === 'string' && /^spiffe:/i.test(name));
  // of an otherName the record has the type alone
  const named = leaf.names.map(({ kind, text }) => (isBare ? text : kind === 'other' ? 'other' : `${kind}:${text}`));
  const right = recorded.map((name) => (String(name).startsWith('other:') ? 'other' : name));
  demandSame('certificate', 'its subjectAltName', named, right);
}

/** The finished certificate by the lint that it passed before it was released. Throws Refusal `profile.lint`. */
export function lintAgain(entry: Entry, leaf: Certificate, terms: PermitTerms, issuer: AnnouncedIssuer): void {
  const { algorithm } = issuer.facts;
  if (algorithm === undefined) throw new Misfit('issuer', `the log does not say how ${issuer.facts.name} signs`);
  const own = issuer.certificate;
  const keyId =
    own?.subjectKeyId ?? Buffer.from(textOf(memberOf(memberOf(entry.certificate, 'issuer'), 'keyId')) ?? '', 'hex');
  const common = {
    issuer: { issuerName: own?.subject ?? leaf.issuer, authorityKeyId: keyId, signatureAlgorithm: algorithm },
    serial: Buffer.from(textOf(memberOf(entry.certificate, 'serial')) ?? '', 'hex'),
    notBefore: terms.notBefore,
    notAfter: terms.notAfter,
    spki: leaf.spki,
    subjectKeyId: readSpki(leaf.spki).keyId,
    keyUsage: terms.keyUsage,
    extendedKeyUsage: terms.extendedKeyUsage,
    maxSize: terms.maxSize,
  };
  compareReleased(leaf.der, leaf.tbs, expectationOf(common, leaf, terms));
}

/** Subject, names and constraints are the request's, which was not kept: policy has looked at what stands here. */
function expectationOf(
  common: Omit<Extract<Expectation, { readonly uri: string }>, 'uri'>,
  leaf: Certificate,
  terms: PermitTerms,
): Expectation {
  if (terms.kind === 'svid') return { ...common, uri: terms.identity };
  const { pathLength } = terms;
  const [crl, ocsp, caIssuers] = [leaf.crlUris[0], leaf.ocspUris[0], leaf.caIssuersUris[0]];
  const pointers: StatusPointers = {
    ...(crl !== undefined && { crl }),
    ...(ocsp !== undefined && { ocsp }),
    ...(caIssuers !== undefined && { caIssuers }),
  };
  return {
    ...common,
    copied: {
      subject: leaf.subject,
      names: leaf.extension('2.5.29.17')?.value,
      nameConstraints: leaf.extension('2.5.29.30')?.value,
      mustStaple: leaf.extension('1.3.6.1.5.5.7.1.24') !== undefined,
    },
    ...(terms.kind === 'ca' && { ca: pathLength === undefined ? {} : { pathLength } }),
    ...(Object.keys(pointers).length > 0 && { pointers }),
  };
}

/** What somebody else made, as it was held when it came. Throws Refusal `profile.lint`. */
export function holdRelayed(leaf: Certificate, terms: PermitTerms, now: number): void {
  if (terms.kind !== 'svid') throw new Misfit('kind', `a ${terms.kind} certificate was made elsewhere`);
  const { keyUsage, extendedKeyUsage, notBefore, notAfter, maxSize } = terms;
  const names = [`uri:${terms.identity}`];
  const times = { notBefore, notAfter, maxSize, renewedHalfway: true };
  demandLeaf(leaf, { spki: leaf.spki, names, keyUsage, extendedKeyUsage, ...times }, now);
}
