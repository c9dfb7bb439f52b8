import type { SecretSource } from '#keys/secret-source.ts';

/** A bucket that speaks Amazon's S3, wherever it is. Nothing here is a secret. */
export interface S3Settings {
  /** https://host[:port], or http:// where the way there is protected otherwise. */
  readonly endpoint: string;
  readonly bucket: string;
  /** What all keys of this log begin with; ends with a slash, or is empty. */
  readonly prefix: string;
  readonly region: string;
  /** Read anew for each request, so that they may be changed while we run. */
  readonly accessKey: SecretSource;
  readonly secretKey: SecretSource;
  /** Of keys that are lent for a while. */
  readonly sessionToken?: SecretSource;
  /** The bucket stands in the path instead of the host's name. */
  readonly pathStyle: boolean;
  /** File of whom to trust, PEM; absent for the public CAs. */
  readonly ca?: string;
  /** Each object is locked for so many days, if the bucket can do that. */
  readonly lock?: { readonly mode: 'governance' | 'compliance'; readonly days: number };
}
