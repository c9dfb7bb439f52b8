import { roles } from '#policy/role.ts';
import {
  address,
  count,
  duration,
  list,
  oneOf,
  optional,
  optionalSection,
  path,
  section,
  share,
  text,
} from './field.ts';
import { oidcToken } from './oidc-token.ts';
import { ownKeyTypes } from './own-key-type.ts';

const who = section('Whom it is given to: exactly one of spiffeId, subject, certificateSha256, claims', {
  spiffeId: optional(text('The SPIFFE ID of a client certificate, whole')),
  subject: optional(text('The subject of a client certificate, as `countersign inspect` shows it: O=Example, CN=Ada')),
  certificateSha256: optional(text('SHA-256 of the DER of a client certificate, 64 hexadecimal digits')),
  claims: optional(
    list(
      'Claims of a token, all of them',
      section('One claim', {
        name: text('Its name'),
        value: text('Its text; of a claim that is a list, one of its texts'),
      }),
      { minItems: 1 },
    ),
  ),
});

/** The API for people and their tools: who comes in, and what each may do. */
export const api = section(
  'The admin API: HTTPS for people with a role, every look on the record. Left out, it is not served',
  {
    listen: address('Address', { default: '127.0.0.1:9404' }),
    serving: optionalSection("The API's own TLS certificate, issued by the default issuer", {
      dnsNames: list('DNS names that clients connect to', text('A DNS name'), { default: ['localhost'] }),
      ipAddresses: list('IP addresses that clients connect to', text('An IP address'), { default: ['127.0.0.1'] }),
      keyType: oneOf('Type of its key', ownKeyTypes, { default: 'ec:P-256' }),
      lifetime: duration('Lifetime, 1h to 398d', { default: '24h' }),
      renewAt: share(
        'Part of the lifetime after which it is renewed',
        { minimum: 0.1, maximum: 0.9 },
        { default: 0.5 },
      ),
    }),
    clientCertificates: optional(
      section('People who prove themselves by a client certificate', {
        roots: path('PEM of the CAs that their certificates chain to; read again when it changes'),
      }),
    ),
    oidc: optional(section('People who bring a bearer token of an OpenID Connect issuer', oidcToken)),
    roles: list(
      'Who has which roles; nobody else has any',
      section('One entry', {
        who,
        roles: list('The roles', oneOf('A role', roles), { minItems: 1 }),
      }),
      { minItems: 1 },
    ),
    limits: optionalSection('Bounds; past one of them the answer is 429 or 503 at once', {
      maxConnections: count('Open connections', { minimum: 1, maximum: 10_000 }, { default: 128 }),
      connectionsPerSecond: count(
        'Connections from one address in a second, and five times that at once',
        { minimum: 1, maximum: 10_000 },
        { default: 20 },
      ),
      maxInFlight: count('Requests in work', { minimum: 1, maximum: 1_000 }, { default: 32 }),
      maxInFlightEach: count('Requests in work for one person', { minimum: 1, maximum: 1_000 }, { default: 8 }),
      perSecond: count('Requests of one person in a second', { minimum: 1, maximum: 1_000 }, { default: 20 }),
      maxStreams: count('Streams of new records', { minimum: 0, maximum: 1_000 }, { default: 16 }),
      maxStreamsEach: count('Streams of one person', { minimum: 0, maximum: 1_000 }, { default: 2 }),
    }),
  },
);
