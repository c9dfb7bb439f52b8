/** What passes between the event loop and the thread that reads the log and publishes it. */
export interface ReaderData {
  readonly database: string;
  readonly origin: string;
  readonly publicDirectory: string;
  /** The second place that keeps the last signed checkpoint. */
  readonly guard: string;
}

export type ReaderQuestion =
  /** Holds the store against the published checkpoint and the guard; said once, before anything is appended. */
  | { readonly kind: 'open' }
  /** Writes bundles and tiles of all that is durable. */
  | { readonly kind: 'tiles' }
  /** Puts the signed checkpoint of the tiles last written in place. */
  | { readonly kind: 'checkpoint'; readonly size: number; readonly note: string }
  | { readonly kind: 'entry'; readonly index: number }
  | { readonly kind: 'entries'; readonly from: number; readonly to: number }
  | { readonly kind: 'inclusion'; readonly index: number; readonly size: number }
  | { readonly kind: 'consistency'; readonly older: number; readonly newer: number }
  | { readonly kind: 'close' };

export type ReaderAnswer =
  | { readonly kind: 'opened'; readonly size: number; readonly note: string | undefined }
  | { readonly kind: 'tiles'; readonly size: number; readonly root: Uint8Array }
  | { readonly kind: 'entries'; readonly entries: readonly Uint8Array[] }
  | { readonly kind: 'hashes'; readonly hashes: readonly Uint8Array[] }
  | { readonly kind: 'done' };
