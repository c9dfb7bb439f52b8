import 'reflect-metadata'; // what @peculiar/x509 asks of its users
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto as Crypto);
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const days = (n: number) => new Date(Date.now() + n * 86_400_000);

/** PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** The CA of one cluster: its API server's certificate, and certificates of its clients. */
export class ClusterCa {
  /** PEM. */
  readonly certificate: string;
  readonly #certificate: x509.X509Certificate;
  readonly #keys: webcrypto.CryptoKeyPair;

  private constructor(certificate: x509.X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.#certificate = certificate;
    this.#keys = keys;
    this.certificate = `${certificate.toString('pem')}\n`;
  }

  static async create(name = 'Test cluster CA'): Promise<ClusterCa> {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      keys,
      notBefore: days(-1),
      notAfter: days(30),
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new ClusterCa(certificate, keys);
  }

  /** For a server on the loopback address. */
  serving(): Promise<KeyPair> {
    const names = new x509.SubjectAlternativeNameExtension([
      { type: 'ip', value: '127.0.0.1' },
      { type: 'dns', value: 'localhost' },
      { type: 'dns', value: 'kubernetes.default.svc' },
    ]);
    return this.#issue([{ CN: ['kube-apiserver'] }], '1.3.6.1.5.5.7.3.1', [names]);
  }

  /** For a client that the API server takes for `user` in `groups`. */
  client(user: string, groups: readonly string[] = []): Promise<KeyPair> {
    return this.#issue([...groups.map((group) => ({ O: [group] })), { CN: [user] }], '1.3.6.1.5.5.7.3.2', []);
  }

  async #issue(subject: x509.JsonName, usage: string, extensions: x509.Extension[]): Promise<KeyPair> {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create({
      subject: new x509.Name(subject).toString(),
      issuer: this.#certificate.subject,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      notBefore: days(-1),
      notAfter: days(30),
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        await x509.AuthorityKeyIdentifierExtension.create(this.#keys.publicKey),
        ...extensions,
      ],
    });
    const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    return {
      certificate: `${certificate.toString('pem')}\n`,
      key: `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`,
    };
  }
}
