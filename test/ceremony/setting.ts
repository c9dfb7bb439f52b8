import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CeremonyPlan } from '#ceremony/plan.ts';
import { planCeremony } from '#ceremony/plan.ts';
import type { KeyStores } from '#ceremony/ports.ts';
import { Pkcs11KeyStore } from '#keys/pkcs11/key-store.ts';
import { parsePkcs11Uri } from '#keys/pkcs11/uri.ts';
import { SoftwareKeyStore } from '#keys/software/key-store.ts';
import { softhsmModule } from '#test/keys/softhsm.ts';

export const systemClock = { now: () => Date.now() };
export const systemEntropy = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };

/** The ceremony that ships, or a variation of it, in a home directory of its own beside the test token. */
export function testPlan(home: string, change: (text: string) => string = (text) => text): CeremonyPlan {
  const secrets = join(home, 'secrets');
  mkdirSync(secrets, { recursive: true });
  for (const name of ['pin', 'passphrase']) {
    const content = name === 'pin' ? readFileSync(join(home, 'pin')) : 'correct horse battery staple\n';
    writeFileSync(join(secrets, name), content, { mode: 0o600 });
    chmodSync(join(secrets, name), 0o600);
  }
  const shipped = readFileSync(new URL('../../hsm/root-ceremony.yaml', import.meta.url), 'utf8')
    .replace('token=countersign-quickstart', 'token=countersign-test')
    .replace('/usr/lib/softhsm/libsofthsm2.so', softhsmModule);
  return planCeremony(change(shipped), 'root-ceremony.yaml', { home, now: Date.now() });
}

/** Opens what the plan asks for, as the composition root does. */
export async function openStores(plan: CeremonyPlan): Promise<KeyStores> {
  const { token, software, outputs } = plan;
  return {
    ...(token && {
      hsm: await Pkcs11KeyStore.open({
        uri: parsePkcs11Uri(token.uri),
        pin: token.pin,
        ...(token.module === undefined ? {} : { modulePath: token.module }),
      }),
    }),
    ...(software && { software: new SoftwareKeyStore(outputs, software.passphrase) }),
  };
}
