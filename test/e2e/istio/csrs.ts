import type { TestHome } from '#test/support/home.ts';
import { p256Request } from '#test/support/requests.ts';
import {
  basicConstraints,
  buildCsr,
  type CsrParts,
  commonName,
  dns,
  ecKey,
  email,
  extendedKeyUsage,
  extension,
  extensionRequest,
  id,
  ip,
  istioSubject,
  keyUsage,
  raw,
  san,
  uri,
} from '#test/x509/csr/build.ts';
import { bitString } from '#x509/der/writer.ts';
import { toPem } from '#x509/pem.ts';

const pem = (parts: CsrParts) => toPem('CERTIFICATE REQUEST', buildCsr({ key: ecKey('P-256'), ...parts }));

/** A signature that was another's: one octet of it is another. */
function broken(octets: Uint8Array): Uint8Array {
  const other = Uint8Array.from(octets);
  other[other.length - 1] = (other.at(-1) ?? 0) ^ 1;
  return bitString(other);
}

/** What is no request with a proof of its key (Istio 64). */
export const unreadable: readonly {
  readonly what: string;
  readonly reason: string;
  readonly csr: (home: TestHome) => string;
}[] = [
  { what: 'an empty csr', reason: 'csr.pem', csr: () => '' },
  { what: 'a csr that is no PEM', reason: 'csr.pem', csr: () => 'please sign' },
  { what: 'a csr with line breaks and letters beyond ASCII', reason: 'csr.pem', csr: () => 'größer\n100 %\u{1f511}' },
  { what: 'a certificate in place of a csr', reason: 'csr.pem', csr: (home) => home.intermediate.pem },
  { what: 'two requests', reason: 'csr.pem', csr: () => p256Request().csr.repeat(2) },
  {
    what: 'a request cut short',
    reason: 'csr.malformed',
    csr: () => toPem('CERTIFICATE REQUEST', buildCsr().subarray(0, -9)),
  },
  {
    what: 'a wish to be a CA',
    reason: 'csr.extension',
    csr: () => pem({ extensions: [san(uri(id)), basicConstraints(raw('0101ff'))] }),
  },
  { what: 'a bad signature', reason: 'csr.signature', csr: () => pem({ signature: broken }) },
];

/** What a request may say beside its key (Istio 65, 66). `reason`: why a strict reader refuses it, if it does. */
export const named: readonly { readonly what: string; readonly reason?: string; readonly parts: CsrParts }[] = [
  { what: 'its own URI alone', parts: {} },
  { what: "an agent's empty organization", parts: { subject: istioSubject() } },
  {
    what: 'the usages that a leaf gets anyway',
    parts: { extensions: [san(uri(id)), keyUsage(0b101), extendedKeyUsage('1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2')] },
  },
  { what: 'another URI', reason: 'identity.mismatch', parts: { extensions: [san(uri(`${id}x`))] } },
  {
    what: 'a URI of another trust domain',
    reason: 'identity.trust-domain',
    parts: { extensions: [san(uri('spiffe://other.local/ns/demo/sa/web'))] },
  },
  { what: 'two URIs', reason: 'identity.mismatch', parts: { extensions: [san(uri(id), uri(`${id}2`))] } },
  { what: 'no name', reason: 'identity.mismatch', parts: { attributes: [] } },
  { what: 'a DNS name', reason: 'san.forbidden', parts: { extensions: [san(uri(id), dns('web.demo.svc'))] } },
  { what: 'an IP address', reason: 'san.forbidden', parts: { extensions: [san(uri(id), ip(10, 0, 0, 1))] } },
  { what: 'an email address', reason: 'san.forbidden', parts: { extensions: [san(uri(id), email('a@b.example'))] } },
  { what: 'a common name', reason: 'csr.subject', parts: { subject: commonName('web') } },
  {
    what: 'a foreign extension',
    reason: 'csr.extension',
    parts: { attributes: [extensionRequest([san(uri(id)), extension('1.2.3.4', raw('0500'))])] },
  },
];

/** A fresh key each time. */
export const namedCsr = (parts: CsrParts): string => pem(parts);
