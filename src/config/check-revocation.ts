import { between, checkAddress, checkUrl, type Report } from './judgement.ts';
import type { ServerConfigText } from './schema/server-config.ts';

/** Octets of a URL in a certificate; longer ones would weigh on every handshake. */
const longestUrl = 200;

export function checkRevocation({ revocation, issuers }: ServerConfigText, report: Report): void {
  if (revocation === undefined) return;
  checkAddress(revocation.listen, ['revocation', 'listen'], report);
  between(revocation.crlLifetime, '1h', '365d', ['revocation', 'crlLifetime'], report);
  between(revocation.ocspLifetime, '10m', '30d', ['revocation', 'ocspLifetime'], report);
  if (issuers.every(({ key }) => key === undefined))
    report(['revocation'], 'no issuer has a key of its own: whoever signs the certificates revokes them');
  const { url } = revocation;
  if (url === undefined) return;
  const at = ['revocation', 'url'];
  checkUrl(url, ['http:'], at, report);
  if (!/^[\x21-\x7e]+$/.test(url) || url.length > longestUrl)
    report(at, `a URL in a certificate has at most ${longestUrl} characters of ASCII`);
  else if (/[?#]/.test(url)) report(at, 'paths are put behind it: it holds no "?" and no "#"');
}
