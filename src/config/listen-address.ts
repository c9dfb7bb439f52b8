import type { ListenAddress } from './sections/serving.ts';

/** `host:port`, an IPv6 address in brackets; the schema has seen to its form. */
export function listenAddress(text: string): ListenAddress {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}
