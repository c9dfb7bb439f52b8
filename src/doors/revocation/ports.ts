/** What this door hands out, by the key identifier of an issuer in lower-case hexadecimal. */
export interface StatusViews {
  /** The CRL in force; undefined for keys that have none. */
  crl(issuerKeyId: string): PublishedObject | undefined;
  /** A CRL for every CA of every chain; undefined while one of them has none. */
  bundle(): PublishedBundle | undefined;
  /** The issuing certificate, DER. */
  certificate(issuerKeyId: string): Uint8Array | undefined;
  /** What a certificate's status is, for a DER OCSPRequest. Never rejects for what a stranger sent. */
  ocsp(request: Uint8Array): Promise<OcspAnswer>;
}

/** Times in whole seconds since the epoch. */
export interface PublishedObject {
  readonly der: Uint8Array;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

/** Times as in `PublishedObject`. */
export interface PublishedBundle {
  readonly pem: string;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

export interface OcspAnswer {
  readonly der: Uint8Array;
  /** Absent for what nobody may keep: an error, or an answer about several certificates. */
  readonly keep?: {
    readonly producedAt: number;
    /** When the next one will be had. */
    readonly renewedAt: number;
    readonly nextUpdate: number;
  };
}
