import type { Document } from '#document/document.ts';
import type { Problem } from '#document/problem.ts';
import type { Path } from '#document/source.ts';
import type { PolicyDocument, PolicySpec } from './document.ts';

/**
 * Parts of the format that this version cannot honour. Reading past them would promise what is not done, so each is
 * a load error that says so.
 */
const reserved: readonly { readonly path: Path; readonly used: (spec: PolicySpec) => boolean; readonly why: string }[] =
  [
    { path: ['mode'], used: ({ mode }) => mode === 'dryRun', why: comes('dry runs') },
    { path: ['match', 'when'], used: ({ match }) => match?.when !== undefined, why: comes('CEL expressions') },
    { path: ['rules'], used: ({ rules }) => rules !== undefined, why: comes('CEL expressions') },
    { path: ['key', 'reuse'], used: ({ key }) => key?.reuse !== undefined, why: comes('the history of keys') },
    { path: ['key', 'maxAge'], used: ({ key }) => key?.maxAge !== undefined, why: comes('the history of keys') },
    {
      path: ['key', 'weakKeys'],
      used: ({ key }) => key?.weakKeys !== undefined,
      why: 'the checks for weak keys are always on and not set here; more block lists are named in the server configuration',
    },
    {
      path: ['identity', 'equalsCaller'],
      used: ({ identity }) => identity?.equalsCaller === false,
      why: 'the identity in a certificate is always the one the caller proved; only "true" is possible',
    },
    {
      path: ['certificate', 'extensions'],
      used: ({ certificate }) => certificate?.extensions !== undefined,
      why: comes('certificates that carry further extensions'),
    },
    {
      path: ['require', 'fips'],
      used: ({ require }) => require?.fips !== undefined && require.fips !== 'policy',
      why: comes('the FIPS provider and HSM levels; "policy" is available'),
    },
  ];

function comes(what: string): string {
  return `comes with ${what}; not available in this version`;
}

export function notAvailable({ content, problem }: Document<PolicyDocument>): Problem[] {
  return reserved
    .filter(({ used }) => used(content.spec))
    .map(({ path, why }) => problem(['spec', ...path], why, { at: 'key' }));
}
