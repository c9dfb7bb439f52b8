import graphene from 'graphene-pk11';
import { KeyStoreError } from '../key-store-error.ts';
import { readSecret, type SecretSource } from '../secret-source.ts';
import { pkcs11Module } from './module.ts';
import { asKeyStoreError, calling } from './return-value.ts';
import { closeQuietly } from './token.ts';

/**
 * Initialises an empty token (C_InitToken, C_InitPIN) under `label`. A token of that label that is already there is
 * left as it is: initialising destroys every key. Throws KeyStoreError.
 */
export async function initialiseToken(
  modulePath: string,
  label: string,
  soPin: SecretSource,
  pin: SecretSource,
): Promise<'initialised' | 'already-there'> {
  if (label.length === 0 || Buffer.byteLength(label) > 32) {
    throw new KeyStoreError('uri', 'the label of a token has 1 to 32 bytes');
  }
  const [soSecret, secret] = [
    await readSecret(soPin, 'security officer PIN'),
    await readSecret(pin, 'PIN of the token'),
  ];
  const module = pkcs11Module(modulePath);
  const slots = calling('listing the slots', () => [...module.getSlots(true)]);
  const isInitialised = (slot: graphene.Slot) => (slot.getToken().flags & graphene.TokenFlag.TOKEN_INITIALIZED) !== 0;
  const existing = slots.find((slot) => isInitialised(slot) && slot.getToken().label === label);
  if (existing !== undefined) {
    // A crash between the two calls below leaves a token without a user PIN.
    if ((existing.getToken().flags & graphene.TokenFlag.USER_PIN_INITIALIZED) !== 0) return 'already-there';
    setUserPin(existing, soSecret, secret);
    return 'initialised';
  }
  const empty = slots.find((slot) => !isInitialised(slot));
  if (empty === undefined) throw new KeyStoreError('no-token', 'no slot holds a token that is not yet initialised');
  // graphene's own initToken trips over the label that the binding no longer returns.
  calling('initialising the token', () => empty.lib.C_InitToken(empty.handle, soSecret, label));
  setUserPin(empty, soSecret, secret);
  return 'initialised';
}

function setUserPin(slot: graphene.Slot, soPin: string, pin: string): void {
  const { SERIAL_SESSION, RW_SESSION } = graphene.SessionFlag;
  const session = calling('opening a session', () => slot.open(SERIAL_SESSION | RW_SESSION));
  try {
    session.login(soPin, graphene.UserType.SO);
    session.initPin(pin);
    session.logout();
  } catch (thrown) {
    throw asKeyStoreError(thrown, 'setting the user PIN');
  } finally {
    closeQuietly(session);
  }
}
