import { stringify } from 'yaml';
import type { Signer } from '#issuance/ports.ts';
import { signatureAlgorithmOf } from '#keys/key-kind.ts';
import { Pkcs11KeyStore } from '#keys/pkcs11/key-store.ts';
import { softhsmModule, type TestToken, testToken } from '#test/keys/softhsm.ts';
import { readCertificate } from '#x509/certificate.ts';
import { encodeName } from '#x509/name.ts';
import { toPem } from '#x509/pem.ts';
import { type CaTerms, caTbs } from '#x509/profile/ca-certificate.ts';
import { subjectKeyIdentifier } from '#x509/profile/key-identifier.ts';
import { assembleSigned } from '#x509/signed.ts';
import { TestHome, type TestHomeOptions } from './home.ts';

/** A home whose keys are in a SoftHSM token: a root, and below it either an intermediate there, or one in memory. */
export interface HsmHome extends Disposable {
  readonly home: TestHome;
  readonly token: TestToken;
  /** PEM. */
  readonly roots: string;
  /** Writes the configuration anew: where the issuer's key is. */
  issueFrom(key: 'token' | 'memory'): void;
}

const rootName = { commonName: 'Token root' };
const algorithm = signatureAlgorithmOf('ec:P-384');

/** One for a process: SoftHSM reads its configuration once. */
export async function hsmHome(options: TestHomeOptions = {}): Promise<HsmHome> {
  const home = new TestHome(options);
  const token = await testToken();
  const keys = await Pkcs11KeyStore.open(token.address);
  const root = (await keys.create('root', 'ec:P-384')).signer;
  const mesh = (await keys.create('mesh', 'ec:P-256')).signer;
  const roots = await certificate(root, { subject: rootName, issuer: 'self', spki: root.spki });
  const rootKey = readCertificate(Buffer.from(roots.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')).subjectKeyId;
  const issuer = { name: encodeName(rootName), keyId: rootKey ?? subjectKeyIdentifier(root.spki) };
  const below = { subject: { commonName: 'Token mesh CA' }, issuer, spki: mesh.spki, pathLength: 0 };
  home.write('roots.pem', roots);
  home.write('issuers/mesh.pem', await certificate(root, { ...below, trustDomain: 'cluster.local' }));
  for (const signer of [root, mesh]) await signer.close();
  await keys.close();

  const inToken = (object: string) => ({
    uri: `pkcs11:token=countersign-test;object=${object}`,
    module: softhsmModule,
    pin: { file: `${token.directory}/pin` },
  });
  const issuers = {
    token: { name: 'mesh', certificate: 'issuers/mesh.pem', roots: 'roots.pem', key: { pkcs11: inToken('mesh') } },
    memory: {
      name: 'mesh',
      roots: 'roots.pem',
      key: { memory: { root: { certificate: 'roots.pem', pkcs11: inToken('root') } } },
    },
  };
  return {
    home,
    token,
    roots,
    issueFrom: (key) => home.write('countersign.yaml', stringify({ ...home.config, issuers: [issuers[key]] })),
    [Symbol.dispose]() {
      home[Symbol.dispose]();
      token.remove();
    },
  };
}

type Varying = Omit<CaTerms, 'serial' | 'notBefore' | 'notAfter'>;
let serials = 0;

/** PEM of what a root with a P-384 key signs. */
export async function certificate(signer: Signer, terms: Varying): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const serial = Uint8Array.of(0x41, ...new Array<number>(18).fill(7), serials++);
  const tbs = caTbs({ ...terms, serial, notBefore: now - 3600, notAfter: now + 30 * 86_400 }, algorithm);
  return toPem('CERTIFICATE', assembleSigned(tbs, algorithm, await signer.sign(tbs)));
}
