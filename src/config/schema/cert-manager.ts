import { count, duration, flag, list, oneOf, optional, optionalSection, path, section, share, text } from './field.ts';
import { ownKeyTypes } from './own-key-type.ts';

/** Left out values are those of istio-csr, so that either may take over from the other. */
export const certManager = section('An issuer of cert-manager, through CertificateRequests as istio-csr makes them', {
  way: oneOf(
    'intermediate: it signs us a CA certificate and we sign; relay: it signs each certificate itself, under our policy and on our record; either: relay only where it will not sign a CA',
    ['intermediate', 'relay', 'either'],
    { default: 'either' },
  ),
  issuer: optional(
    section('The issuer; may be left out when there is "runtime", and is then used until the ConfigMap is there', {
      name: text('Its name'),
      kind: text('Its kind', { default: 'Issuer' }),
      group: text('Its API group', { default: 'cert-manager.io' }),
    }),
  ),
  runtime: optional(
    section(
      'A ConfigMap with the keys issuer-name, issuer-kind and issuer-group, followed while we run; it goes before "issuer"',
      { configMap: text('Its name'), namespace: text('Its namespace') },
    ),
  ),
  namespace: text('Where CertificateRequests are made', { default: 'istio-system' }),
  annotations: list(
    'What else CertificateRequests are annotated with, as approval policies may want it',
    section('One annotation', { name: text('Its name'), value: optional(text('Its value; left out, an empty one')) }),
    { default: [] },
  ),
  preserveRequests: flag('Whether CertificateRequests stay after they ended; for looking into trouble', {
    default: false,
  }),
  kubeconfig: optional(path("Who we are at the API server, and where it is; left out, our pod's own service account")),
  context: optional(text('A context of the kubeconfig; left out, its current one')),
  timeout: duration('For one CertificateRequest to end, 1s to 10m; a call ends earlier if its own time is up', {
    default: '30s',
  }),
  maxInFlight: count(
    'CertificateRequests that may be open at the same time; more are refused at once',
    { minimum: 1, maximum: 10_000 },
    { default: 200 },
  ),
  intermediate: optionalSection('Our own CA certificate, whose key is born here and never leaves memory', {
    subject: optionalSection("The intermediate's name", {
      commonName: text('CN', { default: 'Countersign intermediate' }),
      organization: optional(text('O')),
    }),
    keyType: oneOf('Type of the key', ownKeyTypes, { default: 'ec:P-256' }),
    lifetime: duration('Lifetime asked for; the issuer may give less', { default: '7d' }),
    renewAt: share(
      'Part of the lifetime after which a new key replaces it',
      { minimum: 0.1, maximum: 0.9 },
      { default: 0.6 },
    ),
  }),
});
