import type { KeyObject } from 'node:crypto';
import type graphene from 'graphene-pk11';
import type { Signer } from '#issuance/ports.ts';
import type { Der, KeyKind, SignatureAlgorithm } from '#x509/algorithms.ts';
import { knownKind, signatureAlgorithmOf, spkiOf } from '../key-kind.ts';
import { KeyStoreError } from '../key-store-error.ts';
import { describeKey, type KeyName, privateKeyNamed } from './find-key.ts';
import { demandCaKeyAttributes, type KeyAttributes } from './key-attributes.ts';
import { type SigningMechanism, signingMechanism } from './mechanism.ts';
import { publicKeyOf } from './public-key.ts';
import { asKeyStoreError, calling } from './return-value.ts';
import { defaultPoolLimits, type PoolEvent, type PoolLimits, type Seat, SessionPool } from './session-pool.ts';
import { closeQuietly, Token, type TokenAddress, type TokenFacts } from './token.ts';

export interface Pkcs11SignerOptions {
  /** A key of the address's token; by default what the URI's object and id say. */
  readonly key?: KeyName;
  readonly limits?: Partial<PoolLimits>;
  /** Logins to the token, its loss and its recovery, as they happen. */
  readonly onEvent?: (event: TokenEvent & { readonly token: TokenFacts }) => void;
  /** SignatureAlgorithm of an RSA key; `rsa-sha256` unless said otherwise. */
  readonly rsaAlgorithm?: 'rsa-sha256' | 'rsa-sha384' | 'rsa-sha512';
}

/** `cause`: why the token refused the login. */
export type TokenEvent = PoolEvent | { readonly type: 'hsm.login'; readonly cause?: KeyStoreError };

class SigningSeat implements Seat {
  readonly session: graphene.Session;
  readonly key: graphene.Key;

  constructor(session: graphene.Session, key: graphene.Key) {
    this.session = session;
    this.key = key;
  }

  close(): void {
    closeQuietly(this.session);
  }
}

/** A key in a token. Signs on the thread pool, as many at a time as the pool has sessions. */
export class Pkcs11Signer implements Signer {
  readonly algorithm: SignatureAlgorithm;
  readonly kind: KeyKind;
  readonly spki: Der;
  readonly token: TokenFacts;
  readonly attributes: KeyAttributes;
  readonly #pool: SessionPool<SigningSeat>;
  readonly #mechanism: SigningMechanism;

  private constructor(
    pool: SessionPool<SigningSeat>,
    token: TokenFacts,
    found: FoundKey,
    algorithm: SignatureAlgorithm,
  ) {
    this.#pool = pool;
    this.#mechanism = signingMechanism(algorithm);
    this.algorithm = algorithm;
    this.kind = found.kind;
    this.spki = spkiOf(found.publicKey);
    this.token = token;
    this.attributes = found.attributes;
  }

  /**
   * Logs in, finds the key, checks that it is fit to be a CA key and that the token can sign with it. Throws
   * KeyStoreError.
   */
  static async open(address: TokenAddress, options: Pkcs11SignerOptions = {}): Promise<Pkcs11Signer> {
    const token = await Token.find(address, (facts, cause) =>
      options.onEvent?.({ type: 'hsm.login', ...(cause && { cause }), token: facts }),
    );
    const name = options.key ?? nameIn(address);
    let found: FoundKey | undefined;
    const pool = new SessionPool(
      () => openSeat(token, name, (seat) => (found = inspect(seat, name, found))),
      { ...defaultPoolLimits, ...options.limits },
      (event) => options.onEvent?.({ ...event, token: token.facts }),
    );
    pool.prove();
    try {
      if (found === undefined) throw new KeyStoreError('no-key', `the token holds no key with ${describeKey(name)}`);
      return new Pkcs11Signer(pool, token.facts, found, demandMechanism(token, found.kind, options));
    } catch (thrown) {
      pool.close();
      throw thrown;
    }
  }

  sign(tbs: Uint8Array): Promise<Uint8Array> {
    return this.#pool.run((seat) => signOnce(seat, this.#mechanism, tbs));
  }

  /** Why the token cannot sign at present; undefined while it can. For readiness. */
  get lost(): KeyStoreError | undefined {
    return this.#pool.lost;
  }

  async close(): Promise<void> {
    this.#pool.close();
  }
}

interface FoundKey {
  readonly kind: KeyKind;
  readonly publicKey: KeyObject;
  readonly attributes: KeyAttributes;
}

const nameIn = ({ uri: { object, id } }: TokenAddress): KeyName => ({
  ...(object === undefined ? {} : { label: object }),
  ...(id === undefined ? {} : { id }),
});

function openSeat(token: Token, name: KeyName, check: (seat: SigningSeat) => void): SigningSeat {
  const session = token.openSession();
  try {
    const seat = new SigningSeat(session, privateKeyNamed(session, name).toType<graphene.PrivateKey>());
    check(seat);
    return seat;
  } catch (thrown) {
    closeQuietly(session);
    throw thrown;
  }
}

/** Checks the key each time a session is opened: one exchanged behind our back must not sign in its stead. */
function inspect({ session, key }: SigningSeat, name: KeyName, before: FoundKey | undefined): FoundKey {
  const attributes = demandCaKeyAttributes(key, describeKey(name));
  const publicKey = publicKeyOf(session, key, describeKey(name));
  if (before !== undefined && !before.publicKey.equals(publicKey)) {
    throw new KeyStoreError('no-key', `the key with ${describeKey(name)} is not the one that was there at start`);
  }
  return { kind: knownKind(publicKey), publicKey, attributes };
}

function demandMechanism(token: Token, kind: KeyKind, { rsaAlgorithm }: Pkcs11SignerOptions): SignatureAlgorithm {
  const algorithm = kind.startsWith('rsa:') && rsaAlgorithm ? rsaAlgorithm : signatureAlgorithmOf(kind);
  if (token.hasMechanism(signingMechanism(algorithm).type)) return algorithm;
  throw new KeyStoreError('mechanism', `the token ${token.facts.label} cannot make ${algorithm} signatures`);
}

/** C_SignInit is quick and made here; C_Sign runs on the thread pool. */
function signOnce({ session, key }: SigningSeat, mechanism: SigningMechanism, tbs: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const algorithm = { name: mechanism.type, params: null };
    const operation = calling('beginning a signature', () => session.createSign(algorithm, key));
    operation.once(Buffer.from(mechanism.input(tbs)), (thrown, signature) => {
      if (thrown) return reject(asKeyStoreError(thrown, 'signing'));
      try {
        resolve(mechanism.output(signature));
      } catch (cause) {
        reject(cause instanceof Error ? cause : new Error(String(cause)));
      }
    });
  });
}
