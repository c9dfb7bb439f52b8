import { readNetwork } from '#x509/address-ranges.ts';

/** Throws Error for what is no network, and for everybody. */
export function checkTrustedNetwork(text: string): void {
  if (readNetwork(text).prefix === 0)
    throw new Error(`"${text}" is everybody: list the proxies that may speak for others`);
}
