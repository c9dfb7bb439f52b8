import type { CertificateKind } from '#x509/certificate-kind.ts';
import type { PolicySpec } from './document.ts';

/** What an allow policy is about: workloads where it does not say. */
export const allowedKinds = ({ match }: PolicySpec): readonly CertificateKind[] => match?.kinds ?? ['svid'];

/** An SVID names its caller and every other certificate what its request names: no policy is about both. */
export const isForSvids = (spec: PolicySpec): boolean => allowedKinds(spec).includes('svid');
