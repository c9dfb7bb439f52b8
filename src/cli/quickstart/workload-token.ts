import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { audience, type Layout, tokenIssuer } from './layout.ts';

/** Seconds: whoever points a client of theirs at the server has the day to do it. */
const lifetime = 86_400;

/** A token for service account `web` in namespace `demo`, as the quickstart's own issuer gives it; new on each run. */
export function giveToken(layout: Layout): void {
  const { keys }: { keys: { kid: string }[] } = JSON.parse(readFileSync(layout.jwks, 'utf8'));
  const now = Math.floor(Date.now() / 1000);
  const header = { alg: 'ES256', typ: 'JWT', kid: keys[0]?.kid };
  const claims = {
    iss: tokenIssuer,
    aud: [audience],
    sub: 'system:serviceaccount:demo:web',
    iat: now,
    nbf: now,
    exp: now + lifetime,
    jti: `quickstart-${now}`,
  };
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const key = createPrivateKey(readFileSync(layout.signingKey));
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  writeFileSync(layout.token, `${text}.${signature.toString('base64url')}`, { mode: 0o600 });
}
