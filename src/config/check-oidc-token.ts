import { between, checkUrl, exactlyOne, type Report, type Step } from './judgement.ts';

interface OidcToken {
  readonly jwks: { readonly url?: string; readonly ca?: string; readonly file?: string };
  readonly clockTolerance: string;
}

export function checkOidcToken({ jwks, clockTolerance }: OidcToken, path: readonly Step[], report: Report): void {
  checkJwks(jwks, [...path, 'jwks'], report);
  between(clockTolerance, '0s', '5m', [...path, 'clockTolerance'], report);
}

function checkJwks({ url, ca, file }: OidcToken['jwks'], path: readonly Step[], report: Report): void {
  exactlyOne({ url, file }, path, report);
  if (ca !== undefined && url === undefined) report([...path, 'ca'], 'a file needs no CA: this goes with "url"');
  if (url === undefined) return;
  const onLoopback = ['127.0.0.1', 'localhost', '[::1]'].includes(URL.parse(url)?.hostname ?? '');
  checkUrl(url, onLoopback ? ['https:', 'http:'] : ['https:'], [...path, 'url'], report);
}
