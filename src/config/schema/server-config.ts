import Type, { type Static } from 'typebox';
import { api } from './api.ts';
import { audit } from './audit.ts';
import { authenticators } from './authenticator.ts';
import { clusterRequests } from './cluster-requests.ts';
import { detection } from './detection.ts';
import { distribution } from './distribution.ts';
import { exports } from './exports.ts';
import { fairness } from './fairness.ts';
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
  shortName,
  text,
} from './field.ts';
import { istio } from './istio.ts';
import { issuers } from './key.ts';
import { revocation } from './revocation.ts';
import { telemetry } from './telemetry.ts';
import { witness } from './witness.ts';

/** The server's configuration file with all defaults filled in. */
export const ServerConfigSchema = section('The configuration of `countersign serve`', {
  apiVersion: Type.Literal('countersign.dev/v1', { title: 'Version of this format' }),
  kind: Type.Literal('ServerConfig', { title: 'What the file is' }),
  trustDomain: text('SPIFFE trust domain of every identity issued here'),
  trustDomainAliases: list('Older names of the same trust domain', text('A trust domain'), { default: [] }),
  instance: optionalSection('This server among others', {
    name: optional(shortName("Its name in records and traces; left out, the host's name")),
  }),
  istio,
  admin: optionalSection('Metrics, health and the read-only log: plain HTTP, without secrets', {
    listen: address('Address', { default: '127.0.0.1:9402' }),
    maxConnections: count('Open connections', { minimum: 1, maximum: 10_000 }, { default: 64 }),
    probe: optional(
      section('Readiness on a port of its own, as istio-csr answers it: 200 "ok", else 500', {
        listen: address('Address'),
        path: text('Path that begins with /', { default: '/readyz' }),
      }),
    ),
  }),
  api: optional(api),
  fairness,
  authenticators,
  issuers,
  defaultIssuer: optional(text('Issuer used where nobody names one; left out, the first')),
  trustBundle: optionalSection('The roots in every answer and in what is distributed', {
    overlap: duration(
      'How long a root that left the files stays, at most 90d: as long as the longest certificate lives, so that none is cut off; 0s lets go at once',
      { default: '0s' },
    ),
  }),
  policies: list('Policy files; at least one', path('A policy file'), { minItems: 1 }),
  audit,
  exports,
  detection: optional(detection),
  distribution: optional(distribution),
  clusterRequests: optional(clusterRequests),
  revocation: optional(revocation),
  witness: optional(witness),
  csr: optionalSection('What is read in a CSR', {
    blocklists: list('Lists of leaked keys to refuse', path('A block list'), { default: [] }),
    newRequestLabel: oneOf('Whether "NEW CERTIFICATE REQUEST" is taken as a PEM label', ['accept', 'refuse'], {
      default: 'accept',
    }),
  }),
  fips: optionalSection('Approved algorithms', {
    level: oneOf(
      'off, or policy: only keys, hashes and curves that FIPS 140-3 approves',
      ['off', 'policy', 'provider', 'hsm'],
      {
        default: 'off',
      },
    ),
  }),
  telemetry,
  shutdown: optionalSection('The end', {
    grace: duration('Time that calls in flight get to finish, at most 10m', { default: '25s' }),
  }),
});

export type ServerConfigText = Static<typeof ServerConfigSchema>;
