import { inWords, relative, stamp } from '../terminal/duration.ts';
import type { Fact } from '../terminal/facts.ts';
import type { Shown } from './show.ts';

type Members = Readonly<Record<string, unknown>>;

/** Header and claims of a JWS in compact form (RFC 7519). The signature is neither checked nor shown. */
export function readToken(text: string, now: number): Shown {
  const [header = '', payload = '', signature = ''] = text.split('.');
  const head = members(header, 'header');
  const claims = members(payload, 'payload');
  return {
    kind: 'token',
    title: 'JSON Web Token',
    facts: [
      ['header', Object.entries(head).map(([name, each]) => `${name}: ${JSON.stringify(each)}`)],
      ['claims', Object.entries(claims).map(([name, each]) => `${name}: ${claimText(name, each)}`)],
      ...lifetime(claims, now),
    ],
    notes: [
      signature === ''
        ? 'it carries no signature at all'
        : 'the signature is not checked, and not shown: whoever has the whole token is its subject',
    ],
    data: { header: head, claims, signatureVerified: false },
  };
}

function members(part: string, what: string): Members {
  const text = Buffer.from(part, 'base64url').toString('utf8');
  const value: unknown = parseJson(text, what);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`its ${what} is not a JSON object`);
  return { ...value };
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`its ${what} is not JSON`);
  }
}

const momentClaims = new Set(['exp', 'nbf', 'iat', 'auth_time']);

function claimText(name: string, claim: unknown): string {
  const at = momentClaims.has(name) ? moment(claim) : undefined;
  return at === undefined ? JSON.stringify(claim) : stamp(at);
}

/** NumericDate in seconds → ms; undefined for what no calendar can show. */
function moment(claim: unknown): number | undefined {
  return typeof claim === 'number' && Math.abs(claim) < 253_402_300_800 ? claim * 1000 : undefined;
}

function lifetime({ iat, nbf, exp }: Members, now: number): Fact[] {
  const from = moment(iat) ?? moment(nbf);
  const to = moment(exp);
  if (to === undefined) return [['lifetime', 'no expiry']];
  const whole = from === undefined ? '' : `${inWords((to - from) / 1000)}, `;
  return [['lifetime', `${whole}${now > to ? 'EXPIRED' : 'expires'} ${relative(to, now)}`]];
}
