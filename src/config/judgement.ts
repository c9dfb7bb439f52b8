import { parseDuration } from '#document/scalars.ts';

export type Step = string | number;
/** Notes a problem at the value under `path`. */
export type Report = (path: readonly Step[], message: string, suggestion?: string) => void;

/** Runs a parser of another room for its judgement alone. */
export function attempt(parse: () => unknown, refuse: (message: string) => void): void {
  try {
    parse();
  } catch (thrown) {
    refuse(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

/** A choice is written as a mapping with one key. */
export function exactlyOne(choice: Readonly<Record<string, unknown>>, path: readonly Step[], report: Report): void {
  const given = Object.keys(choice).filter((kind) => choice[kind] !== undefined);
  if (given.length === 1) return;
  const found = given.length === 0 ? 'none is given' : `${given.join(' and ')} are given`;
  report(path, `exactly one of ${Object.keys(choice).join(', ')} belongs here; ${found}`);
}

/** A length of time, bounds included. */
export function between(value: string, least: string, most: string, path: readonly Step[], report: Report): void {
  const seconds = parseDuration(value);
  if (seconds < parseDuration(least) || seconds > parseDuration(most)) {
    report(path, `${value} is not between ${least} and ${most}`);
  }
}

export function checkAddress(address: string, path: readonly Step[], report: Report): void {
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  if (port > 65_535) report(path, `${port} is not a port: the highest is 65535`);
}

export function checkUrl(text: string, schemes: readonly string[], path: readonly Step[], report: Report): void {
  const url = URL.parse(text);
  const wanted = schemes.map((scheme) => `${scheme}//`).join(' or ');
  if (url === null || !schemes.includes(url.protocol)) report(path, `not a URL that begins with ${wanted}`);
  else if (url.username !== '' || url.password !== '') report(path, 'a URL here holds no user name and no password');
}
