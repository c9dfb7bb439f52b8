import 'reflect-metadata'; // what @peculiar/x509 asks of its users
import * as x509 from '@peculiar/x509';
import { type Check, differs } from '../evidence.ts';
import { conditionsOf } from '../objects.ts';
import { keyUsage } from '../reading.ts';

/** Of a CertificateSigningRequest: its status, and what is always there. */
export const signedChecks: readonly Check[] = [
  {
    name: 'is of a request that was approved and neither denied nor failed',
    complaint({ facts: { objects } }) {
      const said = conditionsOf(objects.request).map(({ type, status }) => `${type}=${status}`);
      return differs(
        ['Approved=True'],
        said.filter((each) => /^(Approved|Denied|Failed)=/.test(each)),
      );
    },
  },
  {
    name: 'is for digital signatures',
    complaint({ leaf }) {
      const raw = leaf.extensions.get(keyUsage)?.raw;
      const bits = raw === undefined ? 0 : new x509.KeyUsagesExtension(raw).usages;
      return (bits & x509.KeyUsageFlags.digitalSignature) === 0 ? `its key usage has the bits ${bits}` : undefined;
    },
  },
];
