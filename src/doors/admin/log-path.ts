import { tileWidth } from '#audit/tiles.ts';

/** A file of a published log, as C2SP tlog-tiles names it. */
export interface LogFile {
  /** Path below the published folder. Made of the characters of the grammar alone, so it cannot lead elsewhere. */
  readonly path: string;
  readonly kind: 'checkpoint' | 'full' | 'partial';
  /** Of a tile of hashes, or of a bundle of entries. */
  readonly tile?: TileFile;
}

export interface TileFile {
  readonly of: 'hashes' | 'entries';
  /** Path of the full one. */
  readonly whole: string;
  /** 256 for the full one. */
  readonly width: number;
  /** Entries that a log has at least where this one is. */
  readonly within: number;
}

/** `x001/x234/067` for 1234067: groups of three digits, all but the last with an x, and none that is only padding. */
const index = String.raw`(?:(?!x000/)x\d{3}/(?:x\d{3}/){0,4})?\d{3}`;
const level = String.raw`(?:\d|[1-5]\d|6[0-3])`;
const width = String.raw`(?:[1-9]\d?|1\d\d|2[0-4]\d|25[0-5])`;
const tile = new RegExp(`^(tile/(${level}|entries)/(${index}))(?:\\.p/(${width}))?$`);
const retained = new RegExp(`^retained/${index}$`);

/** `path` comes after `/log/`, undecoded: no file of a log needs an escape. Undefined for anything that is no such name. */
export function logFile(path: string): LogFile | undefined {
  if (path === 'checkpoint') return { path, kind: 'checkpoint' };
  const [, whole, place = '', number = '', partial] = tile.exec(path) ?? [];
  if (whole === undefined) return retained.test(path) ? { path, kind: 'full' } : undefined;
  const width = Number(partial ?? tileWidth);
  const n = Number(number.replaceAll(/[x/]/g, ''));
  const of = place === 'entries' ? 'entries' : 'hashes';
  const within = (n * tileWidth + width) * tileWidth ** (of === 'entries' ? 0 : Number(place));
  return { path, kind: partial === undefined ? 'full' : 'partial', tile: { of, whole, width, within } };
}

/** Of the path of a bundle: where what was kept of it stands, once it was dropped. */
export function retainedFor({ path }: LogFile): string | undefined {
  const [, number] = /^tile\/entries\/([x\d/]+)/.exec(path) ?? [];
  return number && `retained/${number}`;
}
