import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { importJWK, jwtVerify } from 'jose';
import type { SigningIssuer } from '#issuance/live-issuer.ts';
import { type Issuance, mintIssued } from '#issuance/request.ts';
import { parseCsr } from '#x509/csr/parse.ts';
import { readPem, toPem } from '#x509/pem.ts';

/**
 * What nobody can leave out: the token verified, the CSR's key imported and its signature verified, a signature made
 * and verified. What it works on was read beforehand, and nothing is decided, written or counted.
 */
export async function limitIssuance(home: string, issuer: SigningIssuer): Promise<Issuance> {
  const { spki, signedPart, signature, algorithm } = readRequest(readFileSync(`${home}/request.pem`, 'latin1'));
  const key = await readTokenKey(readFileSync(`${home}/jwks.json`, 'utf8'));
  const leaf = toPem('CERTIFICATE', readPem(issuer.intermediates[0] ?? '', ['CERTIFICATE']));
  const tbs = new Uint8Array(640).fill(0x30);
  return {
    refuse: async (_, refusal) => refusal,
    async issue({ evidence }) {
      await jwtVerify(evidence.authorization[0]?.slice('Bearer '.length) ?? '', key, { algorithms: [algorithm] });
      const asker = createPublicKey({ key: spki, format: 'der', type: 'spki' });
      if (!(await verifyOnPool(signedPart, asker, signature))) throw new Error('the CSR does not verify');
      const made = await issuer.signer.sign(tbs);
      if (!(await issuer.verify(tbs, made))) throw new Error('our signature does not verify');
      return mintIssued({ ...issuer, leaf, leafIndex: 0, serial: '00', notAfter: 0 });
    },
  };
}

export function readRequest(pem: string) {
  const csr = parseCsr(readPem(pem, ['CERTIFICATE REQUEST']));
  return {
    spki: Buffer.from(csr.key.spki),
    signedPart: csr.signedPart,
    signature: csr.signatureOctets,
    algorithm: 'ES256',
  };
}

export function readTokenKey(jwks: string) {
  const { keys }: { keys: Parameters<typeof importJWK>[0][] } = JSON.parse(jwks);
  const [first] = keys;
  if (first === undefined) throw new Error('the JWK set is empty');
  return importJWK(first, 'ES256');
}

function verifyOnPool(data: Uint8Array, key: KeyObject, signature: Uint8Array): Promise<boolean> {
  return new Promise((resolve, reject) => {
    verify('sha256', data, key, signature, (error, ok) => (error ? reject(error) : resolve(ok)));
  });
}
