import type { AuditEvent } from '#audit/event.ts';
import type { Caller } from '#policy/caller.ts';
import type { Der, SignatureAlgorithm } from '#x509/algorithms.ts';

/** A CA key, wherever it lives. */
export interface Signer {
  readonly algorithm: SignatureAlgorithm;
  /** SubjectPublicKeyInfo of the key (RFC 5280 §4.1.2.7). */
  readonly spki: Der;
  /**
   * The octets of an X.509 signature BIT STRING over `tbs`: ECDSA as DER Ecdsa-Sig-Value, RSA PKCS#1 v1.5 and
   * EdDSA raw. Rejects with Refusal `signer.unavailable`. The caller verifies what comes back.
   */
  sign(tbs: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** The tamper-evident log. */
export interface AuditLog {
  /**
   * Resolves with the leaf index once the record is on stable storage; whatever it speaks of may be released
   * only then. Rejects with Refusal `log.unavailable` or `overload`, and then nothing may be released. `following`:
   * how many more records are about to come, so that a log may write them together; 0 unless told.
   */
  append(event: AuditEvent, following?: number): Promise<number>;
  /** Number of durable records. */
  readonly size: number;
  /** Time of the newest durable record, ms since the epoch; 0 for an empty log. */
  readonly newestTime: number;
}

export interface Clock {
  /** Milliseconds since the epoch, UTC. */
  now(): number;
}

export interface Entropy {
  /** `length` octets from a CSPRNG. */
  bytes(length: number): Uint8Array;
}

/** All that a door saw of who is asking. */
export interface Evidence {
  /** Every `authorization` value in order, as received. Never logged. */
  readonly authorization: readonly string[];
  /** Every `clusterid` value in order. */
  readonly clusterId: readonly string[];
  /** Every `x-forwarded-client-cert` value in order: the word of whoever sent it. */
  readonly forwardedClientCert?: readonly string[];
  /** DER of the TLS client certificate and the rest of its chain, leaf first; the handshake has verified it. */
  readonly clientCertificate?: readonly Uint8Array[];
  /** Whom an object of Kubernetes says it is for. Doors that read bytes from strangers never fill it in. */
  readonly pod?: PodClaim;
  /** Whom the API server names as the maker of an object that asks for a certificate. */
  readonly requester?: ClusterRequester;
  /** Whose object of cert-manager asks. */
  readonly certificateRequest?: CertificateRequestClaim;
  /** Absent where the request was not brought by a connection to us. */
  readonly peer?: Peer;
}

/** What a connection of a stranger brought. */
export interface WireEvidence extends Evidence {
  readonly peer: Peer;
}

/** The pod, account and node that a PodCertificateRequest names: a claim of whoever made the object. */
export interface PodClaim {
  readonly cluster: string;
  readonly namespace: string;
  readonly pod: ClaimedObject;
  readonly serviceAccount: ClaimedObject;
  readonly node: ClaimedObject;
  /** The signer that the pod must mount a certificate of. */
  readonly signerName: string;
}

/** `spec.username` and `spec.uid` of a CertificateSigningRequest: the API server writes them itself. */
export interface ClusterRequester {
  readonly cluster: string;
  readonly username: string;
  readonly uid: string;
}

/** A request for a certificate of one of our issuers: where it is, which issuer, and who is said to have made it. */
export interface CertificateRequestClaim {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly issuerRef: string;
  readonly user?: { readonly name: string; readonly uid: string; readonly groups: readonly string[] };
  /** The namespaced issuer that its user has to have leave to reference, and what else is known of the user. */
  readonly mustReference?: { readonly name: string; readonly extra: Readonly<Record<string, readonly string[]>> };
}

export interface ClaimedObject {
  readonly name: string;
  readonly uid: string;
}

export interface Peer {
  readonly ip: string;
  readonly port: number;
  readonly tls?: { readonly version: string; readonly cipher: string; readonly sni?: string };
}

/** One way to prove who is asking. */
export interface Authenticator {
  readonly name: string;
  /**
   * A Caller; or undefined when the evidence holds nothing for this authenticator. Throws Refusal `authn.failed`
   * (the reason is for the log, never for the caller) or `authn.unavailable` (a back end is down).
   */
  authenticate(evidence: Evidence, signal: AbortSignal): Promise<Caller | undefined>;
}

/** Who may be issued another's identity, and whose: a node agent that of the workloads of its node. */
export interface Impersonation {
  /**
   * The same asker as a Caller of exactly the identity `wanted`. Throws Refusal `authn.impersonation` (the reason is
   * for the log, never for the caller) or `authn.unavailable` when it cannot be told now. Bounded in time.
   */
  authorize(caller: Caller, wanted: string): Promise<Caller>;
}

/** A CA that is not ours and builds certificates itself, such as an issuer behind cert-manager. */
export interface OutsideIssuer {
  /**
   * Asks for one certificate and waits for it. What comes back is nobody's word yet: whoever asked holds every field of
   * it against what was permitted. Rejects with Refusal `issuer.denied` (it said no, or gave up) or
   * `issuer.unavailable` (it could not be asked, or did not answer in time), or for the signal's reason; bounded in time.
   */
  request(order: OutsideOrder, signal: AbortSignal): Promise<OutsideAnswer>;
}

export interface OutsideOrder {
  /** PEM PKCS#10, passed on as it came. */
  readonly csr: string;
  /** Lifetime asked for, whole seconds. */
  readonly seconds: number;
  readonly purpose: 'workload' | 'serving' | 'authority';
  /** Whom it is for, in the outside system's own books: a SPIFFE ID, or what a certificate of our own is called. */
  readonly label: string;
  /** Called as soon as the order stands in the outside system's books: whatever becomes of it, its record names it. */
  readonly placed?: (trail: OutsideTrail) => void;
}

/** Where the outside system's own trail of an order begins; for the record. */
export interface OutsideTrail {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly issuer: string;
}

export interface OutsideAnswer {
  /** PEM, leaf first, as given: what follows it may be unordered, may end in a root, or may be nothing. */
  readonly chain: string;
  /** PEM of the CA that the issuer names beside the chain; empty when it names none. Untrusted unless configured so. */
  readonly ca: string;
  readonly trail: OutsideTrail;
}
