import 'reflect-metadata'; // what @peculiar/x509 asks of its users
import { createPrivateKey } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { type Check, differAsSets, differs, type Evidence } from '../evidence.ts';
import { keyUsage, subjectAltName } from '../reading.ts';
import { secondsOf } from '../wish.ts';

const { KeyUsageFlags } = x509;
const bits: Readonly<Record<string, number>> = {
  signing: KeyUsageFlags.digitalSignature,
  'digital signature': KeyUsageFlags.digitalSignature,
  'key encipherment': KeyUsageFlags.keyEncipherment,
  'data encipherment': KeyUsageFlags.dataEncipherment,
  'key agreement': KeyUsageFlags.keyAgreement,
  'cert sign': KeyUsageFlags.keyCertSign,
  'crl sign': KeyUsageFlags.cRLSign,
};
const purposes: Readonly<Record<string, string>> = {
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
};
const basicConstraints = '2.5.29.19';

const extendedKeyUsage = '2.5.29.37';
const nameConstraints = '2.5.29.30';
/** Either way. */
const lifetimeSlackSeconds = 30;

/** What the certificate may be used for, how long, and for which key. */
export const profileChecks: readonly Check[] = [
  {
    name: 'K-15: is for the key of the request, and of whoever asked',
    complaint({ certificate, leaf, asked, facts }) {
      if (!certificate.checkPrivateKey(createPrivateKey(facts.key))) return 'it is for another private key';
      return sameOctets(asked.key, leaf.key);
    },
  },
  {
    name: 'is a CA exactly where that was asked for, and says so critically',
    complaint({ wish: { isCA = false }, leaf }) {
      const { critical, raw } = leaf.extensions.get(basicConstraints) ?? {};
      const ca = raw && new x509.BasicConstraintsExtension(raw).ca;
      return differs({ critical: true, ca: isCA }, { critical, ca });
    },
  },
  {
    name: 'K-17: has the key usage that was asked for, critical and to the bit',
    needs: 'KeyUsages',
    complaint({ facts: { usages }, leaf }) {
      const { critical, raw } = leaf.extensions.get(keyUsage) ?? {};
      const wanted = usages.reduce((sum, usage) => sum | (bits[usage] ?? 0), 0);
      return differs(
        { critical: true, bits: wanted },
        { critical, bits: raw && new x509.KeyUsagesExtension(raw).usages },
      );
    },
  },
  {
    name: 'has the extended key usages that were asked for, and no others',
    needs: 'KeyUsages',
    complaint({ facts: { usages }, leaf }) {
      const raw = leaf.extensions.get(extendedKeyUsage)?.raw;
      const found = raw === undefined ? [] : new x509.ExtendedKeyUsageExtension(raw).usages.map(String);
      return differAsSets(
        usages.flatMap((usage) => purposes[usage] ?? []),
        found,
      );
    },
  },
  {
    name: 'K-20: lives as long as was asked for, by default 2160 hours',
    needs: 'Duration',
    complaint({ wish, certificate: { validFromDate, validToDate } }) {
      const lives = (validToDate.getTime() - validFromDate.getTime()) / 1000;
      const wanted = secondsOf(wish);
      return Math.abs(lives - wanted) <= lifetimeSlackSeconds ? undefined : `wanted ${wanted} s, got ${lives} s`;
    },
  },
  {
    name: 'K-15: has the subject of the request, to the octet',
    complaint: ({ asked, leaf }) => sameOctets(asked.subject, leaf.subject),
  },
  {
    name: 'K-15: has the subjectAltName of the request, to the octet',
    complaint: (evidence) => sameExtension(evidence, subjectAltName),
  },
  {
    name: 'K-15: has a critical subjectAltName exactly where the subject is empty',
    complaint({ leaf }) {
      const critical = leaf.extensions.get(subjectAltName)?.critical ?? false;
      return differs({ critical: leaf.relativeNames.length === 0 }, { critical });
    },
  },
  {
    name: 'K-26: has the name constraints of the request',
    complaint: (evidence) => sameExtension(evidence, nameConstraints),
  },
];

const hex = (octets: Buffer | undefined) => octets?.toString('hex') ?? '';
const sameOctets = (wanted: Buffer | undefined, got: Buffer | undefined) => differs(hex(wanted), hex(got));

function sameExtension({ asked, leaf }: Evidence, id: string): string | undefined {
  return sameOctets(asked.extensions.get(id)?.value, leaf.extensions.get(id)?.value);
}
