import 'reflect-metadata'; // what @peculiar/x509 asks of its users
import * as x509 from '@peculiar/x509';
import type { Keyed } from '#test/doors/istio/pki.ts';
import { certManagerApi } from '#test/support/control-plane/cert-manager.ts';
import { at, type TestClient } from '#test/support/control-plane/client.ts';

/** How a certificate differs from the one that SPIRE asks for. */
export interface Wish {
  readonly basicConstraints?: 'ca' | 'leaf' | 'none';
  readonly pathLength?: number;
  readonly keyUsage?: x509.KeyUsageFlags;
  readonly uris?: readonly string[];
  /** Seconds from now. */
  readonly notBefore?: number;
  readonly notAfter?: number;
  /** It is for a key that is not the CSR's. */
  readonly foreignKey?: true;
  /** A trust domain that nothing below it may name. */
  readonly excluded?: string;
}

/** `status` of a CertificateRequest; certificates are PEM, and left out where they are empty. */
export interface Answer {
  readonly certificate?: string;
  readonly ca?: string;
  readonly conditions?: readonly Readonly<Record<string, string>>[];
}

/** What to say to a request; undefined is nothing. */
export type Say = (request: unknown) => Answer | undefined | Promise<Answer | undefined>;

export const requestsIn = (namespace: string) => `${certManagerApi}/namespaces/${namespace}/certificaterequests`;
export const trustDomainLabel = 'cert-manager.spiffe.io/trust-domain';

const { keyCertSign, cRLSign } = x509.KeyUsageFlags;
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000);
const url = (value: string) => ({ type: 'url' as const, value });

export function csrOf(request: unknown): x509.Pkcs10CertificateRequest {
  return new x509.Pkcs10CertificateRequest(Buffer.from(String(at(request, 'spec', 'request')), 'base64').toString());
}

/** PEM of what a request asks for, save what the test wishes. */
export async function certify(root: Keyed, request: unknown, wish: Wish = {}): Promise<string> {
  const csr = csrOf(request);
  const { basicConstraints = 'ca', uris = [`spiffe://${at(request, 'metadata', 'labels', trustDomainLabel)}`] } = wish;
  const certificate = await x509.X509CertificateGenerator.create({
    subject: csr.subject,
    issuer: root.certificate.subject,
    signingKey: root.keys.privateKey,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    publicKey: wish.foreignKey ? root.keys.publicKey : csr.publicKey,
    notBefore: inSeconds(wish.notBefore ?? -60),
    notAfter: inSeconds(wish.notAfter ?? 3600),
    extensions: [
      new x509.KeyUsagesExtension(wish.keyUsage ?? keyCertSign | cRLSign, true),
      ...(basicConstraints === 'none'
        ? []
        : [new x509.BasicConstraintsExtension(basicConstraints === 'ca', wish.pathLength, true)]),
      ...(uris.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(uris.map(url))]),
      ...(wish.excluded === undefined ? [] : [excluding(wish.excluded)]),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

/** Name constraints with one excluded URI host (RFC 5280, section 4.2.1.10). */
function excluding(host: string): x509.Extension {
  const wrapped = (tag: number, content: Buffer) => Buffer.concat([Buffer.from([tag, content.length]), content]);
  const subtree = wrapped(0x30, wrapped(0x86, Buffer.from(host)));
  return new x509.Extension('2.5.29.30', true, wrapped(0x30, wrapped(0xa1, subtree)));
}

/** Waits for the first request of a trust domain, says this to it, and returns it as it was made. */
export async function answerOne(
  admin: TestClient,
  where: { readonly namespace: string; readonly trustDomain: string },
  say: Say,
): Promise<unknown> {
  const requests = requestsIn(where.namespace);
  for await (const event of admin.watch(`${requests}?watch=1&labelSelector=${trustDomainLabel}=${where.trustDomain}`)) {
    const request = at(event, 'object');
    const answer = await say(request);
    if (answer !== undefined) await writeStatus(admin, `${requests}/${at(request, 'metadata', 'name')}`, answer);
    return request;
  }
  throw new Error('the watch ended');
}

export function writeStatus(admin: TestClient, path: string, answer: Answer): Promise<unknown> {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const { certificate, ca, conditions } = answer;
  return admin.patch(`${path}/status`, {
    status: {
      ...(certificate && { certificate: base64(certificate) }),
      ...(ca && { ca: base64(ca) }),
      ...(conditions && { conditions }),
    },
  });
}
