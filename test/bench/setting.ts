import { sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { workloadRequest } from '#cli/issue/workload-key.ts';
import { frame } from '#doors/istio/framing.ts';
import { bytesField } from '#doors/istio/protobuf.ts';
import { signatureAlgorithmOf } from '#keys/key-kind.ts';
import { Pkcs11KeyStore } from '#keys/pkcs11/key-store.ts';
import { softhsmModule, testToken } from '#test/keys/softhsm.ts';
import { TestHome } from '#test/support/home.ts';
import { testKey } from '#test/support/software-ca.ts';
import { readCertificate } from '#x509/certificate.ts';
import { toPem } from '#x509/pem.ts';
import { caTbs } from '#x509/profile/ca-certificate.ts';
import { assembleSigned } from '#x509/signed.ts';

export const identity = 'spiffe://cluster.local/ns/demo/sa/web';

/** One request with its proof, the same for every call. */
export interface LoadCaller {
  /** File with the gRPC frame of the request. */
  readonly body: string;
  readonly authorization: string;
}

/** A home to serve from, and who asks. */
export interface Setting {
  readonly home: TestHome;
  readonly env: Readonly<Record<string, string>>;
  readonly callers: readonly [LoadCaller, ...LoadCaller[]];
  /** Processes of others that the server makes work, such as an API server. */
  readonly othersPids?: readonly number[];
  remove(): void;
}

/** Root and intermediate in software. Logs at the level that a server has by default. */
export function softwareSetting(): Setting {
  return settingIn(new TestHome({ tokenAlgorithm: 'ES256', config: quiet }), {}, () => {});
}

/** The same with the intermediate's key in a SoftHSM token; undefined where SoftHSM is not installed. */
export async function softhsmSetting(): Promise<Setting | undefined> {
  if (softhsmModule === '') return undefined;
  const home = new TestHome({ tokenAlgorithm: 'ES256', config: quiet });
  const token = await testToken();
  const keys = await Pkcs11KeyStore.open(token.address);
  const { signer } = await keys.create('mesh', 'ec:P-256');
  home.write('issuers/mesh.pem', intermediateFor(signer.spki, home));
  await signer.close();
  await keys.close();
  home.write('countersign.yaml', stringify({ ...home.config, issuers: [issuerIn(token.directory)] }));
  return settingIn(home, token.env, () => token.remove());
}

/** The gate stands in the way as ever, but all load comes from one service account, and for longer than any burst. */
const unlimited = () => ({ perSecond: 1_000_000, burst: 10_000_000 });
export const quiet = {
  telemetry: { logs: { level: 'info', format: 'json' } },
  fairness: { cluster: unlimited(), namespace: unlimited(), serviceAccount: unlimited(), node: unlimited() },
};

const issuerIn = (directory: string) => ({
  name: 'mesh',
  certificate: 'issuers/mesh.pem',
  roots: 'roots.pem',
  key: {
    pkcs11: {
      uri: 'pkcs11:token=countersign-test;object=mesh',
      module: softhsmModule,
      pin: { file: join(directory, 'pin') },
    },
  },
});

function intermediateFor(spki: ReturnType<typeof readCertificate>['spki'], home: TestHome): string {
  const root = readCertificate(home.root.certificate);
  const now = Math.floor(Date.now() / 1000);
  const algorithm = signatureAlgorithmOf('ec:P-384');
  const tbs = caTbs(
    {
      subject: { commonName: 'Bench mesh CA' },
      issuer: { name: root.subject, keyId: root.subjectKeyId ?? new Uint8Array() },
      spki,
      serial: Uint8Array.of(0x41, ...new Array<number>(19).fill(0x11)),
      notBefore: now - 3600,
      notAfter: now + 30 * 86_400,
      pathLength: 0,
      trustDomain: 'cluster.local',
    },
    algorithm,
  );
  return toPem('CERTIFICATE', assembleSigned(tbs, algorithm, sign('sha384', tbs, home.root.key)));
}

/** Field 3, `validity_duration`: 3600 as a varint. */
const anHour = Buffer.of(0x18, 0x90, 0x1c);

function settingIn(home: TestHome, env: Readonly<Record<string, string>>, remove: () => void): Setting {
  return {
    home,
    env,
    callers: [callerIn(home, 'request', identity, home.tokens.token('demo', 'web'))],
    remove() {
      home[Symbol.dispose]();
      remove();
    },
  };
}

/** Writes the CSR as NAME.pem, and the request as NAME.bin. */
export function callerIn(home: TestHome, name: string, spiffeId: string, token: string): LoadCaller {
  const csr = workloadRequest(testKey('ec:P-256'), 'ec:P-256', spiffeId);
  home.write(`${name}.pem`, csr);
  const body = home.path(`${name}.bin`);
  writeFileSync(body, frame(Buffer.concat([bytesField(1, csr), anHour])));
  return { body, authorization: `Bearer ${token}` };
}
