/** PEM or token text: known at once, or in a file that is read again because others replace it. */
export type Text = { readonly inline: string } | { readonly file: string };

/** Where one API server is and who we are there. Holds secrets: never logged. */
export interface Cluster {
  /** `https://host[:port][/prefix]`, without a slash at its end. */
  readonly server: string;
  /** The name in the server's certificate, where it is not the host of `server`. */
  readonly tlsServerName?: string;
  /** PEM of the CAs that vouch for the server; the system's where absent. */
  readonly ca?: Text;
  /** PEM, both or neither. */
  readonly certificate?: Text;
  readonly key?: Text;
  /** Bearer token. */
  readonly token?: Text;
}

/** Throws Error unless `server` is an https URL without user, query and fragment; nothing of it is shown where it may hold a password. */
export function checkServer(server: string): string {
  const url = URL.parse(server);
  if (url === null || url.protocol !== 'https:') throw new Error('must be a URL that begins with https://');
  if (url.username !== '' || url.password !== '') throw new Error('must not hold a user or a password');
  if (url.search !== '' || url.hash !== '') throw new Error('must not hold a query or a fragment');
  return url.href.replace(/\/+$/, '');
}
