/**
 * What a certificate is: the X.509-SVID of a proven identity, an end entity that names what its request names, or a CA
 * below ours (RFC 5280 §3.2).
 */
export const certificateKinds = ['svid', 'end-entity', 'ca'] as const;
export type CertificateKind = (typeof certificateKinds)[number];
