import graphene from 'graphene-pk11';
import { KeyStoreError } from '../key-store-error.ts';
import { readSecret, type SecretSource } from '../secret-source.ts';
import { pkcs11Module } from './module.ts';
import { calling, returnValueOf } from './return-value.ts';
import type { Pkcs11Uri } from './uri.ts';

/** Where a token is and how one logs in to it. */
export interface TokenAddress {
  /** token, manufacturer, model, serial, slot-id and module-path are looked at. */
  readonly uri: Pkcs11Uri;
  /** Used where the URI names no module-path. */
  readonly modulePath?: string;
  /** Used where the URI names no pin-source. */
  readonly pin?: SecretSource;
}

/** What is written to the record of a token (audit contract §6.3). */
export interface TokenFacts {
  readonly label: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly serial: string;
  readonly firmware: string;
  readonly slot: string;
}

/** Told of each C_Login that the token answered, and why where it refused; a login that was there already is none. */
export type LoginListener = (token: TokenFacts, failure?: KeyStoreError) => void;

/** A token whose PIN is at hand. Sessions are opened and logged in one by one. */
export class Token {
  readonly facts: TokenFacts;
  readonly #slot: graphene.Slot;
  readonly #pin: string;
  readonly #onLogin: LoginListener;

  private constructor(slot: graphene.Slot, pin: string, onLogin: LoginListener) {
    this.#slot = slot;
    this.#pin = pin;
    this.#onLogin = onLogin;
    this.facts = factsOf(slot);
  }

  /** Finds the one token of that address and reads its PIN; logs in nowhere yet. Throws KeyStoreError. */
  static async find(address: TokenAddress, onLogin: LoginListener = () => {}): Promise<Token> {
    const slot = findSlot(moduleOf(address), address.uri);
    demandPinAttempts(slot.getToken().flags, slot.getToken().label);
    return new Token(slot, await readSecret(pinSourceOf(address), 'PIN of the token'), onLogin);
  }

  /** A session of its own, logged in. Login is the process's: a second one finds it made. Throws KeyStoreError. */
  openSession(mode: 'read' | 'write' = 'read'): graphene.Session {
    const { SERIAL_SESSION, RW_SESSION } = graphene.SessionFlag;
    const flags = mode === 'write' ? SERIAL_SESSION | RW_SESSION : SERIAL_SESSION;
    const session = calling('opening a session', () => this.#slot.open(flags));
    try {
      this.#login(session);
    } catch (thrown) {
      closeQuietly(session);
      throw thrown;
    }
    return session;
  }

  #login(session: graphene.Session): void {
    try {
      calling('logging in', () => session.login(this.#pin));
    } catch (thrown) {
      if (thrown instanceof KeyStoreError && returnValueOf(thrown.cause) === 'CKR_USER_ALREADY_LOGGED_IN') return;
      if (thrown instanceof KeyStoreError) this.#onLogin(this.facts, thrown);
      throw thrown;
    }
    this.#onLogin(this.facts);
  }

  hasMechanism(mechanism: number): boolean {
    const list = calling('listing mechanisms', () => this.#slot.getMechanisms());
    return [...list].some(({ type }) => type === mechanism);
  }
}

/** Nothing is tried on a token that the next wrong PIN would lock, or that is locked. Throws KeyStoreError. */
export function demandPinAttempts(flags: number, label: string): void {
  const { USER_PIN_LOCKED, USER_PIN_FINAL_TRY, USER_PIN_INITIALIZED } = graphene.TokenFlag;
  if ((flags & USER_PIN_LOCKED) !== 0) {
    throw new KeyStoreError('pin-locked', `the PIN of ${label} is locked; the security officer must set a new one`);
  }
  if ((flags & USER_PIN_FINAL_TRY) !== 0) {
    throw new KeyStoreError(
      'pin-locked',
      `one wrong PIN more locks ${label}, so it is not tried from here. Log in once with the token's own tools`,
    );
  }
  if ((flags & USER_PIN_INITIALIZED) === 0) {
    throw new KeyStoreError('no-pin', `${label} has no user PIN yet; finish initialising it`);
  }
}

/** A session that is already gone is as good as closed. */
export function closeQuietly(session: graphene.Session): void {
  try {
    session.close();
  } catch {
    // nothing is left to close
  }
}

function moduleOf({ uri, modulePath }: TokenAddress): graphene.Module {
  const path = uri.modulePath ?? modulePath;
  if (path === undefined) {
    throw new KeyStoreError('no-module', 'no PKCS#11 module is named: give module-path in the PKCS#11 URI');
  }
  return pkcs11Module(path);
}

/** RFC 7512 §2.4 leaves the form of pin-source open: ours is `file:` with a path, or a path alone. */
function pinSourceOf({ uri, pin }: TokenAddress): SecretSource {
  if (uri.pinSource !== undefined) {
    if (uri.pinSource.startsWith('|')) throw new KeyStoreError('uri', 'pin-source names a file; commands are not run');
    return { file: uri.pinSource.replace(/^file:(?:\/\/(?=\/))?/, '') };
  }
  if (pin === undefined) throw new KeyStoreError('no-pin', 'no PIN source: name a file or an environment variable');
  return pin;
}

function findSlot(module: graphene.Module, uri: Pkcs11Uri): graphene.Slot {
  const slots = calling('listing the slots', () => [...module.getSlots(true)]);
  const [slot, ...others] = slots.filter((candidate) => isWanted(candidate, uri));
  if (slot === undefined) {
    const present = slots.map((each) => calling('reading a token', () => each.getToken().label)).filter(Boolean);
    const list = present.length === 0 ? 'no token is initialised' : `present are: ${present.join(', ')}`;
    throw new KeyStoreError('no-token', `no token fits ${describe(uri)}; ${list}`);
  }
  if (others.length > 0) {
    throw new KeyStoreError(
      'several-tokens',
      `${others.length + 1} tokens fit ${describe(uri)}; add serial or slot-id to the URI`,
    );
  }
  return slot;
}

function isWanted(slot: graphene.Slot, uri: Pkcs11Uri): boolean {
  const token = calling('reading a token', () => slot.getToken());
  if ((token.flags & graphene.TokenFlag.TOKEN_INITIALIZED) === 0) return false;
  const fits = (wanted: string | undefined, is: string) => wanted === undefined || wanted === is;
  return (
    fits(uri.token, token.label) &&
    fits(uri.serial, token.serialNumber) &&
    fits(uri.model, token.model) &&
    fits(uri.manufacturer, token.manufacturerID) &&
    fits(uri.slotId?.toString(), slotNumber(slot))
  );
}

function describe(uri: Pkcs11Uri): string {
  const parts = [
    uri.token && `token=${uri.token}`,
    uri.serial && `serial=${uri.serial}`,
    uri.model && `model=${uri.model}`,
  ];
  if (uri.slotId !== undefined) parts.push(`slot-id=${uri.slotId}`);
  return parts.filter(Boolean).join(', ') || 'the URI';
}

/** CK_SLOT_ID is a native unsigned long; every machine Node runs on here is little-endian. */
function slotNumber({ handle }: graphene.Slot): string {
  return handle.length >= 8 ? handle.readBigUInt64LE().toString() : handle.readUInt32LE().toString();
}

function factsOf(slot: graphene.Slot): TokenFacts {
  const token = calling('reading the token', () => slot.getToken());
  return {
    label: token.label,
    manufacturer: token.manufacturerID,
    model: token.model,
    serial: token.serialNumber,
    firmware: `${token.firmwareVersion.major}.${token.firmwareVersion.minor}`,
    slot: slotNumber(slot),
  };
}
