import 'reflect-metadata'; // what @peculiar/x509 asks of its users
import type { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { issue, type Keyed, makeRoot } from '#test/doors/istio/pki.ts';
import type { Facts } from './evidence.ts';
import { alternativesOf, newRequest, type OwnRequest, subjectOf } from './request.ts';
import { secondsOf, usagesOf, type Wish } from './wish.ts';

/** What a certificate says, before it is signed. */
export interface Terms {
  readonly subject: x509.Name;
  readonly publicKey: x509.PublicKey | webcrypto.CryptoKey;
  /** Seconds. */
  readonly lifetime: number;
  readonly isCa: x509.Extension;
  readonly keyUsage: x509.Extension;
  readonly purposes: x509.Extension;
  readonly alternatives: x509.Extension;
  readonly constraints: readonly x509.Extension[];
}

const ec = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const { KeyUsageFlags, ExtendedKeyUsage } = x509;

/** It has something of everything that a check looks at. */
export const wish = {
  literalSubject: 'CN=web.example.com,OU=Mesh,OU=Bar,O=Corp.',
  dnsNames: ['web.example.com', '*.web.example.com'],
  uris: ['spiffe://cluster.local/ns/sandbox/sa/foo'],
  emailAddresses: ['web@example.com'],
  ipAddresses: ['10.0.0.1', '2001:db8::1'],
  otherNames: [{ oid: '1.3.6.1.4.1.311.20.2.3', utf8Value: 'upn@domain.test' }],
  usages: ['digital signature', 'server auth', 'client auth'],
  privateKey: { algorithm: 'ECDSA' },
} as const satisfies Wish;

/** Issues by hand whatever it is told, below two intermediates. */
export class ByHand {
  readonly root: Keyed;
  readonly middle: Keyed;
  readonly issuer: Keyed;
  /** A root that has nothing to do with it. */
  readonly stranger: Keyed;
  readonly #own: OwnRequest;

  private constructor(cas: Pick<ByHand, 'root' | 'middle' | 'issuer' | 'stranger'>, own: OwnRequest) {
    this.root = cas.root;
    this.middle = cas.middle;
    this.issuer = cas.issuer;
    this.stranger = cas.stranger;
    this.#own = own;
  }

  static async create(): Promise<ByHand> {
    const root = await makeRoot('By hand root');
    const middle = await issue(root, 'By hand middle', { ca: true });
    const issuer = await issue(middle, 'By hand issuer', { ca: true });
    const stranger = await makeRoot('By hand root');
    return new ByHand({ root, middle, issuer, stranger }, await newRequest(wish));
  }

  /** A good certificate's. */
  get terms(): Terms {
    const request = new x509.Pkcs10CertificateRequest(this.#own.csr);
    return {
      subject: subjectOf(wish),
      publicKey: request.publicKey,
      lifetime: secondsOf(wish),
      isCa: new x509.BasicConstraintsExtension(false, undefined, true),
      keyUsage: new x509.KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      purposes: new x509.ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      alternatives: new x509.SubjectAlternativeNameExtension(alternativesOf(wish)),
      constraints: [],
    };
  }

  /** What there is to see of it, where all is as it should be but for the terms. */
  async facts(over: Partial<Terms> = {}): Promise<Facts> {
    const certificate = await this.#sign({ ...this.terms, ...over });
    const chain = certificate + this.issuer.pem + this.middle.pem;
    const ca = this.root.pem;
    const usages = usagesOf(wish);
    return {
      wish,
      usages,
      request: this.#own.csr,
      chain,
      ca,
      key: this.#own.key,
      objects: objectsOf(certificate, chain, ca),
    };
  }

  async #sign({
    subject,
    publicKey,
    lifetime,
    isCa,
    keyUsage,
    purposes,
    alternatives,
    constraints,
  }: Terms): Promise<string> {
    const issuer = this.issuer.certificate;
    const now = Date.now();
    const certificate = await x509.X509CertificateGenerator.create({
      subject,
      publicKey,
      issuer: issuer.subjectName,
      notBefore: new Date(now),
      notAfter: new Date(now + lifetime * 1000),
      signingKey: this.issuer.keys.privateKey,
      signingAlgorithm: ec,
      extensions: [
        isCa,
        keyUsage,
        purposes,
        alternatives,
        ...constraints,
        await x509.SubjectKeyIdentifierExtension.create(publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(this.issuer.keys.publicKey),
      ],
    });
    return `${certificate.toString('pem')}\n`;
  }
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const condition = (type: string, more: Readonly<Record<string, unknown>> = {}) => ({ type, status: 'True', ...more });

/** As cert-manager leaves them, and a CertificateSigningRequest's conditions beside. */
function objectsOf(certificate: string, chain: string, ca: string): Facts['objects'] {
  const issuerRef = { name: 'own', kind: 'Issuer', group: 'cert-manager.io' };
  const notAfter = new x509.X509Certificate(certificate).notAfter.toISOString();
  return {
    certificate: {
      metadata: { name: 'web', generation: 2 },
      spec: { issuerRef },
      status: { notAfter, conditions: [condition('Ready', { observedGeneration: 2 })] },
    },
    secret: {
      metadata: {
        labels: { 'controller.cert-manager.io/fao': 'true' },
        annotations: {
          'cert-manager.io/certificate-name': 'web',
          'cert-manager.io/issuer-name': 'own',
          'cert-manager.io/issuer-kind': 'Issuer',
          'cert-manager.io/issuer-group': 'cert-manager.io',
        },
      },
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': '', 'tls.key': '', 'ca.crt': '' },
    },
    request: {
      status: {
        conditions: [condition('Approved'), condition('Ready', { reason: 'Issued' })],
        certificate: base64(chain),
        ca: base64(ca),
      },
    },
  };
}
