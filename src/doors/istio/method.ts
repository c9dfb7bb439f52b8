import type { WireEvidence } from '#issuance/ports.ts';
import type { Refusal } from '#refusal/refusal.ts';
import type { GrpcStatus } from './status.ts';

/** What a handler may know of its call. */
export interface CallContext {
  /** Our id for this call: in the answer to a refusal, in the log and the record. */
  readonly id: string;
  readonly evidence: WireEvidence;
  readonly traceparent?: string;
  /** The caller asked for the log's proof with the certificate. */
  readonly wantsProof?: true;
}

export interface Reply {
  /** A whole gRPC frame. */
  readonly frame: Buffer;
  /** Beside the status. A name that ends in -bin has base64. */
  readonly trailers?: Readonly<Record<string, string>>;
}

/**
 * One message in, one out. A rejection is a Refusal, or becomes `internal`. It must settle soon
 * after `signal` aborts: its workplace is taken until then.
 */
export interface UnaryMethod {
  readonly kind: 'unary';
  handle(message: Buffer, context: CallContext, signal: AbortSignal): Promise<Reply>;
  /** Told of a call that ends before `handle` could be given its message; resolves with what to answer. Never rejects. */
  turnedAway?(context: CallContext, refusal: Refusal): Promise<Refusal>;
}

/** A call whose answers come one by one. `send` takes a message without its frame. */
export interface Outlet {
  send(message: Uint8Array): void;
  end(status: GrpcStatus): void;
}

/** What a streaming method does with what arrives; `closed` is always the last thing it hears. */
export interface Inlet {
  message(bytes: Buffer): void;
  /** The client will send no more. */
  ended(): void;
  closed(): void;
}

export interface StreamingMethod {
  readonly kind: 'streaming';
  /** ms until the call is ended whatever it does; absent: never. */
  readonly lifeMs?: number;
  open(outlet: Outlet): Inlet;
}

/** By HTTP/2 path, `/package.Service/Method`. */
export type Methods = ReadonlyMap<string, UnaryMethod | StreamingMethod>;
