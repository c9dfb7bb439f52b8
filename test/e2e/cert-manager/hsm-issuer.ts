import graphene from 'graphene-pk11';
import { Pkcs11KeyStore } from '#keys/pkcs11/key-store.ts';
import { pkcs11Module } from '#keys/pkcs11/module.ts';
import { SoftwareSigner } from '#keys/software/signer.ts';
import { softhsmModule, type TestToken, testToken } from '#test/keys/softhsm.ts';
import type { TestHome } from '#test/support/home.ts';
import { certificate } from '#test/support/hsm-home.ts';
import type { Der } from '#x509/algorithms.ts';
import { readCertificate } from '#x509/certificate.ts';
import { subjectKeyIdentifier } from '#x509/profile/key-identifier.ts';

const label = 'edge';
const elsewhere = 'elsewhere';

/** An issuer `edge` below a home's root, whose key is in a token of SoftHSM, and can be lost there and come back. */
export class HsmIssuer implements Disposable {
  readonly #token: TestToken;
  readonly #spki: Der;

  private constructor(token: TestToken, spki: Der) {
    this.#token = token;
    this.#spki = spki;
  }

  static async make(): Promise<HsmIssuer> {
    const token = await testToken();
    const keys = await Pkcs11KeyStore.open(token.address);
    const { signer } = await keys.create(label, 'ec:P-256');
    await signer.close();
    await keys.close();
    return new HsmIssuer(token, signer.spki);
  }

  /** Its section of the configuration. */
  async certified(home: TestHome): Promise<unknown> {
    const root = readCertificate(home.root.certificate);
    const issuer = { name: root.subject, keyId: root.subjectKeyId ?? subjectKeyIdentifier(root.spki) };
    const terms = { subject: { commonName: 'Test edge CA' }, issuer, spki: this.#spki, pathLength: 0 };
    home.write('issuers/edge.pem', await certificate(SoftwareSigner.fromPem(home.root.keyPem), terms));
    const uri = `pkcs11:token=countersign-test;object=${label}`;
    const pkcs11 = { uri, module: softhsmModule, pin: { file: `${this.#token.directory}/pin` } };
    return { name: 'edge', certificate: 'issuers/edge.pem', roots: 'roots.pem', key: { pkcs11 } };
  }

  /** All sessions are gone, and whoever looks for the key finds none. */
  lose(): void {
    for (const slot of pkcs11Module(softhsmModule).getSlots(true)) slot.closeAll();
    this.#rename(label, elsewhere);
  }

  bringBack(): void {
    this.#rename(elsewhere, label);
  }

  #rename(from: string, to: string): void {
    const { SERIAL_SESSION, RW_SESSION } = graphene.SessionFlag;
    const slots = [...pkcs11Module(softhsmModule).getSlots(true)];
    const session = slots
      .find((slot) => slot.getToken().label === 'countersign-test')
      ?.open(SERIAL_SESSION | RW_SESSION);
    if (session === undefined) throw new Error('no token');
    try {
      session.login(this.#token.pin);
    } catch {
      // the process is logged in already
    }
    for (const key of session.find({ label: from, class: graphene.ObjectClass.PRIVATE_KEY }))
      key.setAttribute({ label: to });
    session.close();
  }

  [Symbol.dispose](): void {
    this.#token.remove();
  }
}
