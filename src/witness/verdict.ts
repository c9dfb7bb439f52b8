/** What a witness answers (C2SP tlog-witness): cosignatures, or why there are none. */
export type Verdict =
  | { readonly kind: 'cosigned'; readonly signatures: string }
  /** The request cannot be read, or asks for a proof from a later tree to an earlier one. */
  | { readonly kind: 'malformed'; readonly problem: string }
  | { readonly kind: 'unknown-log'; readonly problem: string }
  /** Not signed by a key of that log. */
  | { readonly kind: 'unsigned'; readonly problem: string }
  /** Another size was seen last. */
  | { readonly kind: 'seen'; readonly size: number }
  /** It does not continue what was seen last. */
  | { readonly kind: 'inconsistent'; readonly problem: string }
  | { readonly kind: 'busy' };
