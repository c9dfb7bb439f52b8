import { anyGlob } from './glob.ts';

interface Parts {
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
}

/**
 * A matcher for a list of URI patterns: the authority is matched label by label, the path segment by segment, the scheme
 * exactly. For a SPIFFE ID the authority is its trust domain.
 */
export function anyUri(patterns: readonly string[]): (uri: string) => boolean {
  const matchers = patterns.map((pattern) => {
    const wanted = partsOf(pattern);
    const authority = anyGlob([wanted.authority], '.');
    const path = anyGlob([wanted.path], '/');
    return (found: Parts) => found.scheme === wanted.scheme && authority(found.authority) && path(found.path);
  });
  return (uri) => {
    const found = partsOf(uri);
    return matchers.some((matches) => matches(found));
  };
}

/** A URI without an authority (RFC 3986 §3) is all path. */
function partsOf(uri: string): Parts {
  const colon = uri.indexOf(':');
  const scheme = uri.slice(0, colon).toLowerCase();
  if (!uri.startsWith('//', colon + 1)) return { scheme, authority: '', path: uri.slice(colon + 1) };
  const slash = uri.indexOf('/', colon + 3);
  const end = slash < 0 ? uri.length : slash;
  return { scheme, authority: uri.slice(colon + 3, end), path: uri.slice(end) };
}
