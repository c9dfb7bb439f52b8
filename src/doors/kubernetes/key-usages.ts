import type { PurposeName } from '#x509/extended-key-usage.ts';
import type { KeyUsageName } from '#x509/key-usage.ts';

/** Usages by the names of certificates.k8s.io and cert-manager (kubernetes.md §1.3). */
const uses: Readonly<Record<string, KeyUsageName>> = {
  signing: 'digitalSignature',
  'digital signature': 'digitalSignature',
  'content commitment': 'contentCommitment',
  'key encipherment': 'keyEncipherment',
  'data encipherment': 'dataEncipherment',
  'key agreement': 'keyAgreement',
  'cert sign': 'keyCertSign',
  'crl sign': 'cRLSign',
  'encipher only': 'encipherOnly',
  'decipher only': 'decipherOnly',
};

const purposes: Readonly<Record<string, PurposeName>> = {
  any: 'anyExtendedKeyUsage',
  'server auth': 'serverAuth',
  'client auth': 'clientAuth',
  'code signing': 'codeSigning',
  'email protection': 'emailProtection',
  's/mime': 'emailProtection',
  'ipsec end system': 'ipsecEndSystem',
  'ipsec tunnel': 'ipsecTunnel',
  'ipsec user': 'ipsecUser',
  timestamping: 'timeStamping',
  'ocsp signing': 'OCSPSigning',
  'microsoft sgc': 'msSGC',
  'netscape sgc': 'nsSGC',
};

export interface Usages {
  readonly keyUsage: readonly KeyUsageName[];
  /** In the order in which they were asked for. */
  readonly extendedKeyUsage: readonly PurposeName[];
}

/** Throws Error, naming the usage that nobody knows. */
export function readUsages(names: readonly string[]): Usages {
  const keyUsage = new Set<KeyUsageName>();
  const extendedKeyUsage = new Set<PurposeName>();
  for (const name of names) {
    const use = own(uses, name);
    const purpose = own(purposes, name);
    if (use !== undefined) keyUsage.add(use);
    else if (purpose !== undefined) extendedKeyUsage.add(purpose);
    else
      throw new Error(
        `usages: ${JSON.stringify(name.slice(0, 100))} is not known; right would be such as "digital signature"`,
      );
  }
  return { keyUsage: [...keyUsage], extendedKeyUsage: [...extendedKeyUsage] };
}

const own = <Value>(table: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;
