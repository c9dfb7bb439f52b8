import { describe, expect, it } from 'vitest';
import { parseConfig } from '#config/load.ts';
import { DocumentError } from '#document/problem.ts';
import { minimal } from './minimal.ts';

const parse = (api: string) => parseConfig(`${minimal}api: ${api}`, '/folder/server.yaml').config;

function problems(api: string): readonly string[] {
  try {
    parse(api);
  } catch (thrown) {
    if (thrown instanceof DocumentError) return thrown.problems.map(({ path, message }) => `${path}: ${message}`);
    throw thrown;
  }
  return [];
}

const certificates = 'clientCertificates: { roots: people.pem }';
const oidc = 'oidc: { issuer: https://people, audiences: [countersign], jwks: { file: keys.json } }';
const roles = (who: string) => `roles: [{ who: ${who}, roles: [viewer] }]`;

describe('the admin API', () => {
  it('is not served unless it is configured, and then on the own loopback', () => {
    expect(parseConfig(minimal, '/s.yaml').config).not.toHaveProperty('api');
    const claims = '{ claims: [{ name: groups, value: auditors }] }';
    expect(parse(`{ ${certificates}, ${oidc}, ${roles(claims)} }`).api).toMatchObject({
      listen: { host: '127.0.0.1', port: 9404 },
      clientRoots: '/folder/people.pem',
      oidc: { issuer: 'https://people', jwks: { file: '/folder/keys.json' }, clockToleranceSeconds: 30 },
      grants: [{ who: { by: 'claims', claims: [{ name: 'groups', value: 'auditors' }] }, roles: ['viewer'] }],
      limits: { maxConnections: 128 },
    });
  });

  it.each([
    [`{ ${roles('{ subject: CN=Ada }')} }`, 'api: nobody could prove who they are'],
    [`{ ${certificates}, roles: [] }`, 'api.roles'],
    [`{ ${certificates}, ${roles('{}')} }`, 'api.roles[0].who: exactly one of spiffeId, subject'],
    [`{ ${certificates}, ${roles('{ spiffeId: spiffe://x, subject: y }')} }`, 'spiffeId and subject are given'],
    [`{ ${certificates}, ${roles('{ spiffeId: "spiffe://a b/c" }')} }`, 'api.roles[0].who.spiffeId'],
    [`{ ${certificates}, ${roles('{ certificateSha256: "AB:CD" }')} }`, '64 hexadecimal digits in lower case'],
    [`{ ${certificates}, ${roles('{ claims: [{ name: a, value: b }] }')} }`, 'this goes with "oidc"'],
    [`{ ${oidc}, ${roles('{ subject: CN=Ada }')} }`, 'it goes with "clientCertificates"'],
    [`{ ${certificates}, roles: [{ who: { subject: CN=Ada }, roles: [root] }] }`, '"root" is not one of'],
    [
      `{ ${oidc.replace('file: keys.json', 'url: http://people/keys')}, ${roles('{ claims: [{ name: a, value: b }] }')} }`,
      'api.oidc.jwks.url',
    ],
    [
      `{ ${certificates}, serving: { dnsNames: [], ipAddresses: [] }, ${roles('{ subject: CN=Ada }')} }`,
      'at least one DNS name',
    ],
    [
      `{ ${certificates}, serving: { lifetime: 1m }, ${roles('{ subject: CN=Ada }')} }`,
      'api.serving.lifetime: 1m is not between',
    ],
    [
      `{ ${certificates}, listen: "127.0.0.1:70000", ${roles('{ subject: CN=Ada }')} }`,
      'api.listen: 70000 is not a port',
    ],
  ])('%s is refused before a server starts with it', (api, message) => {
    expect(problems(api).join('\n')).toContain(message);
  });
});
