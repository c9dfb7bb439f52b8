import { parseLogVkey, parseWitnessVkey } from './cosignature.ts';
import { Malformed } from './malformed.ts';
import type { Quorum, Witness } from './quorum.ts';
import { type NoteVerifier, splitVkey } from './vkey.ts';

/** A log that a policy names. */
export interface TrustedLog {
  readonly vkey: string;
  readonly key: NoteVerifier;
  readonly url?: string;
}

export interface TrustedWitness extends Witness {
  readonly vkey: string;
  readonly url?: string;
}

/** Whose checkpoints are believed, and by which witnesses they have to be cosigned (C2SP tlog-policy). */
export interface TrustPolicy {
  readonly logs: readonly TrustedLog[];
  readonly witnesses: readonly TrustedWitness[];
  readonly quorum: Quorum<TrustedWitness>;
}

/** Bounds on a file from elsewhere; the format asks for 32 of each kind at least. */
const longest = 1_000_000;
const mostOfAKind = 256;

/** Reads a policy file. Throws Malformed, with the line that is wrong. */
export function parseTrustPolicy(octets: Uint8Array): TrustPolicy {
  if (octets.length > longest) throw new Malformed('trust policy: longer than 1,000,000 octets');
  // Names are octets to this format, whatever they mean to people: one character each.
  const lines = Buffer.from(octets).toString('latin1').split('\n');
  const reading = new Reading();
  for (const [at, line] of lines.entries()) {
    try {
      reading.take(line);
    } catch (cause) {
      if (!(cause instanceof Malformed)) throw cause;
      throw new Malformed(`trust policy, line ${at + 1}: ${cause.message}`, { cause });
    }
  }
  return reading.end();
}

class Reading {
  readonly #logs: TrustedLog[] = [];
  readonly #witnesses: TrustedWitness[] = [];
  readonly #named = new Map<string, Quorum<TrustedWitness>>();
  readonly #members = new Set<string>();
  readonly #keys = { log: new Set<string>(), witness: new Set<string>() };
  #quorum: Quorum<TrustedWitness> | undefined;

  take(line: string): void {
    const [word, ...rest] = line.split(/[ \t]+/).filter((each) => each !== '');
    if (word === undefined) return;
    if (/[^\t\x20-\x7e\x80-\xff]/.test(line)) throw new Malformed('holds a control character');
    if (word.startsWith('#')) return;
    if (word === 'log') this.#log(rest);
    else if (word === 'witness') this.#witness(rest);
    else if (word === 'group') this.#group(rest);
    else if (word === 'quorum') this.#decide(rest);
    else throw new Malformed(`"${inUtf8(word)}" is none of log, witness, group, quorum`);
  }

  end(): TrustPolicy {
    if (this.#quorum === undefined)
      throw new Malformed('trust policy: no line "quorum NAME"; "quorum none" asks for no witness');
    return { logs: this.#logs, witnesses: this.#witnesses, quorum: this.#quorum };
  }

  #log([vkey, url, ...more]: readonly string[]): void {
    if (vkey === undefined || more.length > 0) throw new Malformed('a log is written: log VKEY [URL]');
    const text = this.#newKey('log', vkey);
    demandRoom(this.#logs);
    this.#logs.push({ vkey: text, key: parseLogVkey(text), ...(url !== undefined && { url: inUtf8(url) }) });
  }

  #witness([name, vkey, url, ...more]: readonly string[]): void {
    if (name === undefined || vkey === undefined || more.length > 0)
      throw new Malformed('a witness is written: witness NAME VKEY [URL]');
    const text = this.#newKey('witness', vkey);
    demandRoom(this.#witnesses);
    const keys = [parseWitnessVkey(text)];
    const witness = { name: inUtf8(name), vkey: text, keys, ...(url !== undefined && { url: inUtf8(url) }) };
    this.#name(name, { kind: 'witness', witness });
    this.#witnesses.push(witness);
  }

  #group([name, number, ...names]: readonly string[]): void {
    if (name === undefined || number === undefined || names.length === 0)
      throw new Malformed('a group is written: group NAME all|any|K MEMBER...');
    const members = names.map((each) => this.#member(each));
    const least = number === 'all' ? members.length : number === 'any' ? 1 : Number(/^[0-9]+$/.exec(number)?.[0]);
    if (!(least >= 1 && least <= members.length))
      throw new Malformed(`"${inUtf8(number)}" is none of all, any, and a number from 1 to ${members.length}`);
    this.#name(name, { kind: 'group', least, members });
  }

  #member(name: string): Quorum<TrustedWitness> {
    if (this.#members.has(name)) throw new Malformed(`"${inUtf8(name)}" is a member of a group already`);
    this.#members.add(name);
    return this.#known(name);
  }

  #decide([name, ...more]: readonly string[]): void {
    if (name === undefined || more.length > 0) throw new Malformed('the quorum is written: quorum NAME');
    if (this.#quorum !== undefined) throw new Malformed('there is a quorum already');
    this.#quorum = name === 'none' ? { kind: 'none' } : this.#known(name);
  }

  #known(name: string): Quorum<TrustedWitness> {
    const known = this.#named.get(name);
    if (known === undefined) throw new Malformed(`no line above names a witness or a group "${inUtf8(name)}"`);
    return known;
  }

  #name(name: string, of: Quorum<TrustedWitness>): void {
    if (name === 'none') throw new Malformed('"none" names nobody: it is what a quorum may be');
    if (this.#named.has(name)) throw new Malformed(`"${inUtf8(name)}" is named above already`);
    if (this.#named.size >= 2 * mostOfAKind) throw new Malformed('too many witnesses and groups');
    this.#named.set(name, of);
  }

  /** A key counts once, under whatever name it comes. */
  #newKey(kind: 'log' | 'witness', word: string): string {
    const vkey = inUtf8(word);
    const key = Buffer.from(splitVkey(vkey).material).toString('base64');
    if (this.#keys[kind].has(key)) throw new Malformed(`this key is another ${kind}'s already`);
    this.#keys[kind].add(key);
    return vkey;
  }
}

function demandRoom(list: readonly unknown[]): void {
  if (list.length >= mostOfAKind) throw new Malformed(`more than ${mostOfAKind} of a kind`);
}

const inUtf8 = (word: string) => Buffer.from(word, 'latin1').toString('utf8');
