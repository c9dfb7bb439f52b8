import { address, byteSize, count, duration, list, oneOf, optional, optionalSection, share, text } from './field.ts';
import { ownKeyTypes } from './own-key-type.ts';

/** The gRPC door. Left out limits keep a mesh of some 100,000 workloads and refuse what no client needs. */
export const istio = optionalSection('The Istio door: gRPC over TLS for agents, ztunnel and istiod', {
  listen: address('Address of the gRPC service', { default: '127.0.0.1:15012' }),
  dialect: oneOf(
    'Whose manners to keep: istiod ignores the names in a CSR and refuses a lifetime over the maximum; istio-csr wants the exact identity and cuts the lifetime',
    ['istiod', 'istio-csr'],
    { default: 'istiod' },
  ),
  serving: optionalSection("The door's own TLS certificate, issued by the default issuer", {
    dnsNames: list('DNS names that clients connect to', text('A DNS name'), {
      default: ['istiod.istio-system.svc', 'localhost'],
    }),
    ipAddresses: list('IP addresses that clients connect to', text('An IP address'), { default: ['127.0.0.1'] }),
    keyType: oneOf('Type of its key', ownKeyTypes, { default: 'ec:P-256' }),
    lifetime: duration('Lifetime', { default: '24h' }),
    renewAt: share('Part of the lifetime after which it is renewed', { minimum: 0.1, maximum: 0.9 }, { default: 0.5 }),
  }),
  maxCertificateLifetime: optional(
    duration('Longest lifetime of a certificate from this door, whatever a policy allows; left out, policies decide'),
  ),
  tls: optionalSection("What the door offers in a handshake; left out lists serve every mode of Istio's clients", {
    minVersion: oneOf('Lowest version of TLS', ['TLSv1.2', 'TLSv1.3'], { default: 'TLSv1.2' }),
    cipherSuites: optional(
      list('Suites of TLS 1.2, best first', text('A suite, as OpenSSL calls it'), { minItems: 1 }),
    ),
    groups: optional(
      list('Groups for the key exchange, best first', text('A group, as OpenSSL calls it'), { minItems: 1 }),
    ),
  }),
  limits: optionalSection('Bounds; past one of them the answer is RESOURCE_EXHAUSTED at once', {
    maxConcurrentCalls: count(
      'Calls in flight over all connections; past it a third more for addresses that hold less than their share',
      { minimum: 1, maximum: 100_000 },
      { default: 2048 },
    ),
    callTimeout: duration('Longest time that one call may take, at most 10s: clients set no deadline of their own', {
      default: '10s',
    }),
    maxConnections: count('Open connections', { minimum: 1, maximum: 1_000_000 }, { default: 20_000 }),
    maxRequestBytes: byteSize('Largest request; a CSR is some 500 B to 2 KiB', { default: '64KiB' }),
  }),
});
