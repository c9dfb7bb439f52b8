import type { Certificate } from '../certificate.ts';
import { type Fault, fault } from './fault.ts';
import { isWellFormedName } from './name-forms.ts';

/** What RFC 5280 §4 asks of one certificate by itself, wherever in a path it stands. */

const names: Record<string, string> = {
  '2.5.29.14': 'subjectKeyIdentifier',
  '2.5.29.19': 'basicConstraints',
  '2.5.29.30': 'nameConstraints',
  '2.5.29.35': 'authorityKeyIdentifier',
  '2.5.29.36': 'policyConstraints',
  '2.5.29.54': 'inhibitAnyPolicy',
  '1.3.6.1.5.5.7.1.1': 'authorityInfoAccess',
};
const neverCritical = ['2.5.29.14', '2.5.29.35', '1.3.6.1.5.5.7.1.1'];
const alwaysCritical = ['2.5.29.30', '2.5.29.36', '2.5.29.54'];

/** Rules for every certificate. `selfSigned`: its own key made its signature. */
export function certificateFaults(certificate: Certificate, selfSigned: boolean): Fault[] {
  const { extensions } = certificate;
  const faults: Fault[] = extensions
    .filter(({ id, critical }) => (critical ? neverCritical.includes(id) : alwaysCritical.includes(id)))
    .map(({ id, critical }) =>
      fault('extension', certificate, `${names[id]} must ${critical ? 'not ' : ''}be critical`),
    );
  const unknown = certificate.unknownCritical.filter((id) => !neverCritical.includes(id));
  for (const id of unknown) {
    faults.push(
      fault('critical-extension', certificate, `it has the critical extension ${id}, which is not understood`),
    );
  }
  if (certificate.issuer.length === 2) faults.push(fault('name', certificate, 'its issuer is empty'));
  if (!selfSigned && certificate.authorityKeyId?.keyId === undefined) {
    faults.push(fault('extension', certificate, 'authorityKeyIdentifier with a key identifier is missing'));
  }
  for (const name of certificate.names) {
    if (!isWellFormedName(name))
      faults.push(fault('name', certificate, `"${name.text}" is no name of kind ${name.kind}`));
  }
  return faults;
}

/** Further rules for a certificate whose key verifies others. */
export function caFaults(certificate: Certificate): Fault[] {
  const { basicConstraints, keyUsage } = certificate;
  const faults: Fault[] = [];
  if (basicConstraints === undefined) faults.push(fault('not-ca', certificate, 'basicConstraints is missing'));
  else if (!basicConstraints.ca) faults.push(fault('not-ca', certificate, 'basicConstraints does not say CA'));
  else if (!certificate.isCritical('2.5.29.19')) {
    faults.push(fault('extension', certificate, 'basicConstraints of a CA must be critical'));
  }
  if (keyUsage !== undefined && !keyUsage.includes('keyCertSign')) {
    faults.push(fault('key-usage', certificate, 'its keyUsage does not allow it to sign certificates'));
  }
  if (certificate.subjectKeyId === undefined) {
    faults.push(fault('extension', certificate, 'subjectKeyIdentifier of a CA is missing'));
  }
  if (certificate.hasEmptySubject) faults.push(fault('name', certificate, 'the subject of a CA must not be empty'));
  return faults;
}

/** Further rules for a certificate that is not a CA's. */
export function endEntityFaults(certificate: Certificate): Fault[] {
  const faults: Fault[] = [];
  if (certificate.keyUsage?.includes('keyCertSign')) {
    faults.push(fault('key-usage', certificate, 'keyCertSign without CA in basicConstraints'));
  }
  if (certificate.nameConstraints !== undefined) {
    faults.push(fault('extension', certificate, 'nameConstraints outside a CA certificate'));
  }
  if (certificate.hasEmptySubject && !certificate.isCritical('2.5.29.17')) {
    faults.push(fault('extension', certificate, 'subjectAltName must be critical where the subject is empty'));
  }
  return faults;
}
