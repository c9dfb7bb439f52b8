/** One `key=value` of an element; the key in lower case, the value without quotes. */
interface Pair {
  readonly key: string;
  readonly value: string;
}

/** What a proxy says of the client certificate that it saw. */
export interface ForwardedCertificate {
  /** Its URI names, in order. */
  readonly uris: readonly string[];
  /** SHA-256 of its DER, hex in lower case. */
  readonly sha256?: string;
}

/** The text is not `x-forwarded-client-cert`. The message repeats nothing of it. */
export class MalformedForward extends Error {
  override readonly name = 'MalformedForward';
}

/** Keys of Envoy's documentation of the header; whatever else there is comes from something we do not know. */
const keys: ReadonlySet<string> = new Set(['by', 'hash', 'cert', 'chain', 'subject', 'uri', 'dns']);

/**
 * The last element of an `x-forwarded-client-cert` value: what the proxy nearest to us has added, all before it being
 * what somebody told that proxy. The whole value is read all the same: an open quote further left could swallow it.
 * Throws MalformedForward.
 */
export function lastForwarded(value: string): ForwardedCertificate {
  const last = new Elements(value).last();
  const uris = last.filter(({ key }) => key === 'uri').map((pair) => pair.value);
  const hashes = last.filter(({ key }) => key === 'hash');
  if (hashes.length > 1) malformed('an element has two hashes');
  const sha256 = hashes[0]?.value.toLowerCase();
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256)) malformed('a hash is not SHA-256 in hexadecimal');
  return { uris, ...(sha256 !== undefined && { sha256 }) };
}

/** element *( "," element ), element = pair *( ";" pair ), pair = key "=" ( plain / quoted ); no space around any of it. */
class Elements {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  last(): readonly Pair[] {
    let pairs = [this.#pair()];
    while (this.#at < this.#text.length) {
      const separator = this.#text[this.#at++];
      if (separator === ',') pairs = [this.#pair()];
      else if (separator === ';') pairs.push(this.#pair());
      else malformed('after a quoted value only "," or ";" may stand');
    }
    return pairs;
  }

  #pair(): Pair {
    const equals = this.#text.indexOf('=', this.#at);
    const key = equals < 0 ? '' : this.#text.slice(this.#at, equals).toLowerCase();
    if (!keys.has(key)) malformed('a key is not one of the header');
    this.#at = equals + 1;
    return { key, value: this.#text[this.#at] === '"' ? this.#quoted() : this.#plain() };
  }

  #plain(): string {
    const from = this.#at;
    while (this.#at < this.#text.length && !/[,;]/.test(this.#text[this.#at] ?? '')) this.#at++;
    const value = this.#text.slice(from, this.#at);
    if (/["\\=\s]/.test(value)) malformed('a value that holds more than plain characters must be quoted');
    return value;
  }

  #quoted(): string {
    let value = '';
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const c = this.#text[this.#at] ?? '';
      if (c === '"') {
        this.#at++;
        return value;
      }
      if (c !== '\\') value += c;
      else if (/["\\]/.test(this.#text[++this.#at] ?? '')) value += this.#text[this.#at] ?? '';
      else malformed('in a quoted value a backslash stands before a quote or a backslash');
    }
    return malformed('a quoted value does not end');
  }
}

function malformed(why: string): never {
  throw new MalformedForward(why);
}
