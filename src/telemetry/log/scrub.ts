/**
 * The second lock, behind the closed list of fields: text from elsewhere (a library's error message) is searched for
 * what looks like a credential, and cut to a length.
 */
const credentials: readonly RegExp[] = [
  /\beyJ[\w-]{6,}\.[\w-]*(?:\.[\w-]*)?/g,
  /\b(?:bearer|basic)\s+[\w.~+/=-]{4,}/gi,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\b(?:pin-value|pin|passphrase|password|secret)\s*[=:]\s*[^\s&;,]+/gi,
  /\/\/[^\s/@:]+:[^\s/@]+@/g,
];

/** Characters of one value; a longer one ends in "…". */
const maxValueLength = 1024;

export function scrub(text: string): string {
  const short = text.length > maxValueLength ? `${text.slice(0, maxValueLength)}…` : text;
  return credentials.reduce((clean, pattern) => clean.replace(pattern, '[redacted]'), short);
}

/** How deep a chain of causes is followed. */
const maxCauses = 3;

/** What was thrown and why, on one line: `TypeError: x (ECODE); because Error: y`. */
export function describeError(thrown: unknown): string {
  const parts: string[] = [];
  for (let error = thrown; error !== undefined && parts.length < maxCauses; ) {
    if (!(error instanceof Error)) {
      parts.push(typeof error === 'string' ? error : `a thrown ${typeof error}`);
      break;
    }
    const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
    parts.push(`${error.name}: ${error.message}${code}`);
    error = error.cause;
  }
  return scrub(parts.join('; because '));
}
