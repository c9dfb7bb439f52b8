import type { AuditEvent } from '#audit/event.ts';
import type { Signer } from '#issuance/ports.ts';
import type { KeyKind } from '#x509/algorithms.ts';

/** A CA key in its store, with what the record says of it (audit contract §6.3). */
export interface CeremonyKey {
  readonly label: string;
  readonly kind: KeyKind;
  readonly signer: Signer;
  readonly token?: {
    readonly label: string;
    readonly manufacturer: string;
    readonly model: string;
    readonly serial: string;
    readonly firmware: string;
    readonly slot: string;
  };
  readonly attributes?: {
    readonly sensitive: boolean;
    readonly extractable: boolean;
    readonly neverExtractable: boolean;
    readonly alwaysSensitive: boolean;
    readonly local: boolean;
  };
}

/** Where keys are made and found again: a token, or a directory of encrypted files. */
export interface KeyStore {
  /** The key of that label; undefined where there is none. Rejects when there are several, or it is not fit for a CA. */
  find(label: string): Promise<CeremonyKey | undefined>;
  /** A new key, durable when this resolves. Rejects where one of that label exists. */
  create(label: string, kind: KeyKind): Promise<CeremonyKey>;
  /** DER of the certificate kept beside the key; always undefined where a store keeps none. */
  findCertificate(label: string): Promise<Uint8Array | undefined>;
  /** Keeps a certificate beside the key, if the store can; replaces none. `subject` is its Name in DER. */
  storeCertificate(label: string, der: Uint8Array, subject: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** The stores that a ceremony's file asks for. */
export interface KeyStores {
  readonly hsm?: KeyStore;
  readonly software?: KeyStore;
}

/** Files that survive a crash whole: what is written is on stable storage when the promise resolves. */
export interface Shelf {
  /** Undefined where there is no such file. */
  read(path: string): Promise<string | undefined>;
  /** The whole new content or, after a crash, the old one. */
  replace(path: string, content: string): Promise<void>;
  /** Adds one line (without its end); a crash can leave the last line torn. */
  append(path: string, line: string): Promise<void>;
  /** Holds `path` for this process until released or dead. Rejects where another one holds it. */
  hold(path: string): Promise<() => Promise<void>>;
}

/** What a ceremony tells the log: an event that lacks only its id. */
export type CeremonyFact = Omit<AuditEvent, 'id'>;
/** Resolves when the fact is durable; a rejection stops the ceremony before its next step. */
export type RecordFact = (fact: CeremonyFact) => Promise<void>;
