import { hash, X509Certificate } from 'node:crypto';
import { knownKind } from '#keys/key-kind.ts';
import { readCertificate } from '#x509/certificate.ts';
import type { LogRecord } from './records.ts';

const purposes: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
};

/** The `certificate` of an issued record as its certificateDer has it, less what no certificate says of itself. */
export function factsOfDer(record: LogRecord): Record<string, unknown> {
  const der = Buffer.from(String(record.certificateDer), 'base64');
  const leaf = readCertificate(der);
  const node = new X509Certificate(der);
  const time = (text: string) => new Date(text).toISOString();
  return {
    serial: node.serialNumber.toLowerCase(),
    sha256: hash('sha256', der, 'hex'),
    tbsSha256: hash('sha256', leaf.tbs, 'hex'),
    identity: leaf.uris[0],
    sans: leaf.names.map(({ text }) => text),
    notBefore: time(node.validFrom),
    notAfter: time(node.validTo),
    key: {
      kind: knownKind(node.publicKey),
      spkiSha256: hash('sha256', node.publicKey.export({ type: 'spki', format: 'der' }), 'hex'),
    },
    signatureAlgorithm: leaf.signatureAlgorithm,
    ku: leaf.keyUsage,
    eku: leaf.extendedKeyUsage?.map((oid) => purposes[oid]),
    issuer: { keyId: Buffer.from(leaf.authorityKeyId?.keyId ?? []).toString('hex') },
  };
}
