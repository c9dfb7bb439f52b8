import { createPrivateKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A secret as it was put in, and every form in which it could come out. */
export interface Canary {
  readonly what: string;
  readonly forms: readonly Buffer[];
}

/** Text that must not come out: as it is, in base64 however it falls, in hexadecimal and percent-coded. */
export function textCanary(what: string, secret: string): Canary {
  return bytesCanary(what, Buffer.from(secret), [Buffer.from(encodeURIComponent(secret))]);
}

/** The secret scalar or seed of a private key, in PEM and out of it. */
export function keyCanary(what: string, pem: string): Canary {
  const { d } = createPrivateKey(pem).export({ format: 'jwk' });
  if (d === undefined) throw new Error('no private key');
  return bytesCanary(what, Buffer.from(d, 'base64url'), [Buffer.from(d)]);
}

function bytesCanary(what: string, secret: Buffer, more: readonly Buffer[]): Canary {
  const base64 = [0, 1, 2].map((offset) => {
    // Whole groups of three octets only: what stands beside the secret shows in the others.
    const whole = secret.subarray(offset, offset + 3 * Math.floor((secret.length - offset) / 3));
    return Buffer.from(whole.toString('base64'));
  });
  const hex = secret.toString('hex');
  return { what, forms: [secret, ...base64, Buffer.from(hex), Buffer.from(hex.toUpperCase()), ...more] };
}

/** An output under its name. */
export type Output = readonly [name: string, bytes: Buffer];

/** Each secret that is found, and where: nothing when all is well. */
export function found(canaries: readonly Canary[], outputs: readonly Output[]): string[] {
  return outputs.flatMap(([name, bytes]) =>
    canaries.filter(({ forms }) => forms.some((form) => bytes.includes(form))).map(({ what }) => `${what} in ${name}`),
  );
}

/** Every file below a folder, as outputs. */
export function filesBelow(folder: string): Output[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file): Output => [file.slice(folder.length + 1), readFileSync(file)]);
}
