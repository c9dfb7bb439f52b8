/**
 * Request headers from the raw list. Node's header object keeps only the first `authorization` and joins repeated
 * others with commas, which loses what the contract asks for (§2.2: every value counts, a repeated clusterid is none).
 */
export interface CallHeaders {
  readonly path: string;
  readonly method: string;
  readonly contentType: string;
  readonly authorization: readonly string[];
  readonly clusterId: readonly string[];
  readonly forwardedClientCert: readonly string[];
  readonly traceparent: string;
  readonly timeout: string;
  readonly encoding: string;
  /** Ours: `trailer` asks for the log's proof with the certificate. */
  readonly proof: string;
}

const none: readonly string[] = [];
/** Longer than any W3C traceparent of a version we know. */
const maxTraceparent = 128;

/** `raw`: name, value, name, value … in the order received, names in lower case (RFC 9113 §8.2). */
export function readHeaders(raw: readonly string[]): CallHeaders {
  let authorization = none;
  let clusterId = none;
  let forwardedClientCert = none;
  const headers = { path: '', method: '', contentType: '', traceparent: '', timeout: '', encoding: '', proof: '' };
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const value = raw[i + 1] ?? '';
    switch (raw[i]) {
      case ':path':
        headers.path = value;
        break;
      case ':method':
        headers.method = value;
        break;
      case 'content-type':
        headers.contentType = value;
        break;
      case 'authorization':
        authorization = authorization.length === 0 ? [value] : [...authorization, value];
        break;
      case 'clusterid':
        clusterId = clusterId.length === 0 ? [value] : [...clusterId, value];
        break;
      case 'x-forwarded-client-cert':
        forwardedClientCert = [...forwardedClientCert, value];
        break;
      case 'traceparent':
        if (value.length <= maxTraceparent) headers.traceparent = value;
        break;
      case 'grpc-timeout':
        headers.timeout = value;
        break;
      case 'grpc-encoding':
        headers.encoding = value;
        break;
      case 'countersign-proof':
        headers.proof = value;
        break;
    }
  }
  return { ...headers, authorization, clusterId, forwardedClientCert };
}

const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** ms of a `grpc-timeout` value (at most eight digits and a unit); undefined when absent or not well formed. */
export function parseTimeout(value: string): number | undefined {
  const match = /^(\d{1,8})([HMSmun])$/.exec(value);
  const unit = unitMs[match?.[2] ?? ''];
  return unit === undefined ? undefined : Number(match?.[1]) * unit;
}
