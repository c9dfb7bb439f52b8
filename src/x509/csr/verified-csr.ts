import { hash } from 'node:crypto';
import { Refusal } from '#refusal/refusal.ts';
import type { Der, SignatureAlgorithm } from '../algorithms.ts';
import type { CertificateKind } from '../certificate-kind.ts';
import type { KeyUsageName } from '../key-usage.ts';
import type { KeyStrength } from '../keys/key-strength.ts';
import type { PublicKey } from '../keys/public-key.ts';
import { PemError, readPem } from '../pem.ts';
import type { RunOn } from '../verify-signature.ts';
import type { BasicConstraintsFacts } from './extensions.ts';
import { type ParsedCsr, parseCsr } from './parse.ts';
import { checkKeyProof, type KeyProof, parseKeyProof } from './proven-key.ts';
import { checkSignature } from './signature.ts';
import type { SubjectFacts } from './subject.ts';
import type { SubjectAltName } from './subject-alt-name.ts';

/** What a request is held against besides its own bytes. */
export interface CsrChecks {
  readonly keyStrength: KeyStrength;
  /** SPKI SHA-256 (hex) of our CA, audit and TLS keys: whoever asks for one of them has stolen it or forges. */
  readonly ownKeys: ReadonlySet<string>;
  /** SPKI SHA-256 (hex) of keys that somebody else is known to have. */
  readonly compromisedKeys?: ReadonlySet<string>;
  /** Take `NEW CERTIFICATE REQUEST` too, as old Microsoft and Netscape tools write it. */
  readonly allowNewRequestLabel?: boolean;
}

/** Characters of PEM and octets of DER; an RSA-4096 request with a 2048-byte URI fits four times. */
const maxPemLength = 16 * 1024;
const maxDerLength = 8 * 1024;

/**
 * A PKCS#10 request whose every octet was read strictly, whose key is of an allowed shape and not known to be weak,
 * and whose signature proves that the asker holds that key. What policy may decide otherwise is reported as facts.
 */
export class VerifiedCsr {
  readonly #verified = true;
  readonly der: Der;
  readonly key: PublicKey;
  readonly signature: SignatureAlgorithm;
  readonly subject: SubjectFacts;
  readonly sans: readonly SubjectAltName[];
  /** GeneralNames, as asked for. */
  readonly sanDer: Der | undefined;
  readonly basicConstraints: BasicConstraintsFacts | undefined;
  /** NameConstraints, as a CA asks for them. */
  readonly nameConstraintsDer: Der | undefined;
  /** Whether an end entity asks for the TLS feature status_request. */
  readonly mustStaple: boolean;
  readonly keyUsage: readonly KeyUsageName[] | undefined;
  /** Dotted OIDs. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** Dotted OIDs of all extensions asked for. */
  readonly extensionOids: readonly string[];
  /** Whether one is there; the value is a secret and is not kept. */
  readonly challengePassword: boolean;
  /** Dotted OIDs. */
  readonly unknownAttributes: readonly string[];
  #sha256: string | undefined;

  private constructor({ der, key, signature, subject, attributes }: ParsedCsr) {
    const { extensions } = attributes;
    this.der = der;
    this.key = key;
    this.signature = signature;
    this.subject = subject;
    this.sans = extensions.sans;
    this.sanDer = extensions.sanDer;
    this.basicConstraints = extensions.basicConstraints;
    this.nameConstraintsDer = extensions.nameConstraintsDer;
    this.mustStaple = extensions.mustStaple ?? false;
    this.keyUsage = extensions.keyUsage;
    this.extendedKeyUsage = extensions.extendedKeyUsage;
    this.extensionOids = extensions.oids;
    this.challengePassword = attributes.challengePassword;
    this.unknownAttributes = attributes.unknownAttributes;
  }

  /** SHA-256 of the DER, lower-case hex. */
  get sha256(): string {
    this.#sha256 ??= hash('sha256', this.der, 'hex');
    return this.#sha256;
  }

  /** True for a real VerifiedCsr only: a private field cannot be forged by a cast or a literal. */
  static isVerified(value: unknown): value is VerifiedCsr {
    return typeof value === 'object' && value !== null && #verified in value && value.#verified;
  }

  /**
   * Reads one request. The cheap checks come first and the signature last, so that a hostile key costs nothing.
   * `on`: where that is checked. `kind`: of the certificate that is asked for. Rejects with a Refusal `csr.*` or `key.*`.
   */
  static async read(
    pem: string,
    checks: CsrChecks,
    { on = 'pool', kind = 'svid' }: { readonly on?: RunOn; readonly kind?: CertificateKind } = {},
  ): Promise<VerifiedCsr> {
    const csr = parseCsr(unwrap(pem, checks), kind);
    refuseKnownKey(csr.key, checks);
    checks.keyStrength.check(csr.key);
    await checkSignature(csr, on);
    return new VerifiedCsr(csr);
  }

  /** The same of a key that came with a proof of its own, and of no name at all. Rejects with a Refusal `csr.*` or `key.*`. */
  static async ofKey(proof: KeyProof, checks: CsrChecks): Promise<VerifiedCsr> {
    const csr = parseKeyProof(proof);
    refuseKnownKey(csr.key, checks);
    checks.keyStrength.check(csr.key);
    await checkKeyProof(csr);
    return new VerifiedCsr(csr);
  }
}

function unwrap(pem: string, checks: CsrChecks): Uint8Array {
  if (pem.length > maxPemLength) {
    throw new Refusal('csr.too-large', `the CSR has ${pem.length} characters; ${maxPemLength} are the most`);
  }
  const der = readBlock(pem, checks.allowNewRequestLabel ?? false);
  if (der.length > maxDerLength) {
    throw new Refusal('csr.too-large', `the CSR has ${der.length} octets of DER; ${maxDerLength} are the most`);
  }
  return der;
}

const label = ['CERTIFICATE REQUEST'];
const labels = ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'];

function readBlock(pem: string, allowNewRequestLabel: boolean): Uint8Array {
  try {
    return readPem(pem, allowNewRequestLabel ? labels : label);
  } catch (cause) {
    if (!(cause instanceof PemError)) throw cause;
    throw new Refusal('csr.pem', `the CSR is not one PEM block: ${cause.message}`, { line: cause.line }, { cause });
  }
}

function refuseKnownKey({ spkiSha256 }: PublicKey, { ownKeys, compromisedKeys }: CsrChecks): void {
  if (ownKeys.has(spkiSha256))
    throw new Refusal('key.own', 'the key is one of our own; generate a new one', { spkiSha256 });
  if (compromisedKeys?.has(spkiSha256))
    throw new Refusal('key.blocklisted', 'the key was revoked as compromised; generate a new one', { spkiSha256 });
}
