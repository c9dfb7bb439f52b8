/** KeyPurposeId (RFC 5280 §4.2.1.12, RFC 4945 §5.1.3.12, and two of the last century), by the names that people use. */
export const purposes = {
  anyExtendedKeyUsage: '2.5.29.37.0',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  ipsecEndSystem: '1.3.6.1.5.5.7.3.5',
  ipsecTunnel: '1.3.6.1.5.5.7.3.6',
  ipsecUser: '1.3.6.1.5.5.7.3.7',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  OCSPSigning: '1.3.6.1.5.5.7.3.9',
  msSGC: '1.3.6.1.4.1.311.10.3.3',
  nsSGC: '2.16.840.1.113730.4.1',
} as const;
export type PurposeName = keyof typeof purposes;

export const purposeNames = Object.keys(purposes).filter((name): name is PurposeName => name in purposes);

const names = new Map<string, string>(Object.entries(purposes).map(([name, oid]) => [oid, name]));

/** Or the dotted object identifier itself, where it is none of these. */
export const purposeText = (oid: string): string => names.get(oid) ?? oid;
