import { Query } from 'pg';
import { StoreError } from '../store-error.ts';

const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
/** Octets of signature, flags and the length of what extends them. */
const headerLength = signature.length + 8;

/**
 * What `COPY (…) TO STDOUT (FORMAT binary)` brings (PostgreSQL, COPY, "Binary Format"): values as octets, where rows of a query
 * come as text, `bytea` twice as long in hexadecimal. Reads a body for half of what a row costs, on both sides.
 */
export class CopyOut extends Query {
  #octets = Buffer.allocUnsafe(65_536);
  #length = 0;

  /** Called by the client, which writes over `chunk` afterwards. */
  handleCopyData({ chunk }: { readonly chunk: Uint8Array }): void {
    const length = this.#length + chunk.length;
    if (length > this.#octets.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, 2 * this.#octets.length));
      larger.set(this.#octets.subarray(0, this.#length));
      this.#octets = larger;
    }
    this.#octets.set(chunk, this.#length);
    this.#length = length;
  }

  /** The rows, each a list of values; all of them views of one buffer. Throws StoreError for anything else. */
  tuples(): Buffer[][] {
    const octets = this.#octets.subarray(0, this.#length);
    if (octets.length < headerLength || !octets.subarray(0, signature.length).equals(signature)) throw noCopy();
    let at = headerLength + octets.readUInt32BE(headerLength - 4);
    const rows: Buffer[][] = [];
    while (at + 2 <= octets.length) {
      const count = octets.readInt16BE(at);
      at += 2;
      if (count < 0) return rows;
      const row: Buffer[] = [];
      while (row.length < count) {
        if (at + 4 > octets.length) throw noCopy();
        const end = at + 4 + octets.readInt32BE(at);
        if (end < at + 4 || end > octets.length) throw noCopy();
        row.push(octets.subarray(at + 4, end));
        at = end;
      }
      rows.push(row);
    }
    throw noCopy();
  }
}

/** A NULL, which no column of the log that is copied can hold, is one as well. */
function noCopy(): StoreError {
  return new StoreError('damaged', "the log's database answered COPY with what is no whole copy in binary");
}

/** COPY takes no parameters: the whole numbers `values` are written into the text, in the place of `$1`, `$2`, …. */
export function copyText(select: string, values: readonly number[]): string {
  const text = select.replace(/\$([0-9]+)/g, (_, n: string) => {
    const value = values[Number(n) - 1];
    if (!Number.isSafeInteger(value)) throw new TypeError(`COPY takes whole numbers: $${n} is none`);
    return String(value);
  });
  return `COPY (${text}) TO STDOUT (FORMAT binary)`;
}
