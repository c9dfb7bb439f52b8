import { anyGlob } from './glob.ts';

interface Parts {
  /** In lower case, with the `//` where an authority follows. */
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
}

/** RFC 3986 §3.2. In a pattern "?" is any character. */
const endOfAuthority = /[/?#]/;
const endInPattern = /\//;

/**
 * A matcher for a list of URI patterns: the authority is matched label by label, the path segment by segment, the scheme
 * exactly. For a SPIFFE ID the authority is its trust domain.
 */
export function anyUri(patterns: readonly string[]): (uri: string) => boolean {
  const matchers = patterns.map((pattern) => {
    const wanted = partsOf(pattern, endInPattern);
    const authority = anyGlob([wanted.authority], '.');
    const path = anyGlob([wanted.path], '/');
    return (found: Parts) => found.scheme === wanted.scheme && authority(found.authority) && path(found.path);
  });
  return (uri) => {
    const found = partsOf(uri, endOfAuthority);
    return matchers.some((matches) => matches(found));
  };
}

/** A URI without an authority is all path. */
function partsOf(uri: string, end: RegExp): Parts {
  const colon = uri.indexOf(':');
  const scheme = uri.slice(0, colon).toLowerCase();
  if (!uri.startsWith('//', colon + 1)) return { scheme, authority: '', path: uri.slice(colon + 1) };
  const rest = uri.slice(colon + 3);
  const at = rest.search(end);
  const length = at < 0 ? rest.length : at;
  return { scheme: `${scheme}//`, authority: rest.slice(0, length), path: rest.slice(length) };
}
