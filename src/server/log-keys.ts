import { createPublicKey, hash } from 'node:crypto';
import { type CheckpointKey, type CheckpointSigner, checkpointKey, parseCheckpoint } from '#audit/checkpoint.ts';
import type { NoteSignature } from '#audit/note.ts';
import { keyLabel, parseVkey } from '#audit/vkey.ts';
import type { AuditConfig } from '#config/sections/audit.ts';
import type { SigningKeyConfig } from '#config/sections/keys.ts';
import type { Clock } from '#issuance/ports.ts';
import type { KeyKind } from '#x509/algorithms.ts';
import { type HsmListener, type OpenKey, openKey } from './open-key.ts';

/** A key that cannot be the log's. */
export class LogKeyError extends Error {
  override readonly name = 'LogKeyError';
}

/** What verifiers of signed notes know: Ed25519, and ECDSA with SHA-256. */
const kinds: readonly KeyKind[] = ['ed25519', 'ec:P-256'];

/** A key that signs checkpoints until some time, ms since the epoch. */
interface LogKey extends OpenKey {
  readonly checkpoint: CheckpointKey;
  readonly until: number;
}

/**
 * The log's own keys: the one that signs it, and for a time those that did before, so that whoever knows either goes on
 * verifying. A new key signs nothing before its vkey is on the record, under a checkpoint of the old ones.
 */
export class LogKeys implements CheckpointSigner {
  readonly origin: string;
  readonly known: readonly string[];
  readonly current: LogKey;
  readonly #previous: readonly LogKey[];
  readonly #clock: Clock;
  /** Ids of the keys that signed the newest checkpoint; none before the first. */
  #signedBefore: readonly string[] = [];
  /** Whose time is over: those that are on their way to the record as such, and those that stand there and sign no more. */
  readonly #leaving = new Set<LogKey>();
  readonly #gone = new Set<LogKey>();
  #mayBegin = false;
  /** Records that the time of the key with this id is over; what it resolves after is signed without that key. */
  recordEnd: (id: string) => Promise<void> = () => Promise.reject(new Error('there is no record yet'));

  private constructor(audit: AuditConfig, current: LogKey, previous: readonly LogKey[], clock: Clock) {
    this.origin = audit.origin;
    this.current = current;
    this.#previous = previous;
    this.#clock = clock;
    const gone = audit.previousKeys.flatMap((each) => (each.kind === 'known' ? [each.vkey] : []));
    const ofThisLog = gone.filter((vkey) => parseVkey(vkey).name === audit.origin);
    this.known = [...[current, ...previous].map(({ checkpoint }) => checkpoint.vkey), ...ofThisLog];
  }

  /** Throws KeyStoreError, or LogKeyError for a key that cannot sign a log. A previous key past its time stays closed. */
  static async open(audit: AuditConfig, clock: Clock, onHsm: HsmListener): Promise<LogKeys> {
    await using opening = new AsyncDisposableStack();
    const open = async (config: SigningKeyConfig, until: number) => {
      const key = await openLogKey(config, audit.origin, until, onHsm);
      opening.defer(() => key.signer.close());
      return key;
    };
    const current = await open(audit.key, Number.POSITIVE_INFINITY);
    const previous: LogKey[] = [];
    for (const each of audit.previousKeys)
      if (each.kind === 'signs' && clock.now() < each.until) previous.push(await open(each.key, each.until));
    const keys = new LogKeys(audit, current, previous, clock);
    if (new Set(keys.known).size < keys.known.length)
      throw new LogKeyError('audit.previousKeys names a key twice, or the one that signs now');
    opening.move();
    return keys;
  }

  /** Goes on from the newest checkpoint that there is, whoever signed it: before this, only keys of before sign. */
  takeUp(note: string | undefined): void {
    const signatures = note === undefined ? [] : parseCheckpoint(Buffer.from(note)).note.signatures;
    this.#signedBefore = signatures.filter(({ name }) => name === this.origin).map(keyLabel);
    this.#mayBegin = this.#signedBefore.length === 0 || this.#signedBefore.includes(idOf(this.current));
  }

  /** The current key has never signed: it has to be on the record first. */
  get isNew(): boolean {
    return !this.#mayBegin;
  }

  /** Keys of before that still sign. */
  get besides(): readonly { readonly vkey: string; readonly until: number }[] {
    return this.#previous
      .filter(({ until }) => this.#clock.now() < until)
      .map(({ checkpoint, until }) => ({ vkey: checkpoint.vkey, until }));
  }

  /** Ids of keys that signed the newest checkpoint and will sign no other. */
  get goneSince(): readonly string[] {
    const signing = new Set([idOf(this.current), ...this.besides.map(({ vkey }) => idOfVkey(vkey))]);
    return this.#signedBefore.filter((id) => !signing.has(id));
  }

  /** The current key may sign from here on. */
  begin(): void {
    this.#mayBegin = true;
  }

  async sign(text: Uint8Array): Promise<readonly NoteSignature[]> {
    const now = this.#clock.now();
    const signing = [...(this.#mayBegin ? [this.current] : []), ...this.#previous].filter(
      (key) => !this.#gone.has(key),
    );
    for (const key of this.#previous) if (now >= key.until) this.#end(key);
    if (signing.length === 0)
      throw new Error("the log's new key is not on the record yet: a server records it when it starts");
    return (await Promise.all(signing.map(({ checkpoint }) => checkpoint.sign(text)))).flat();
  }

  /** Not recorded now, it is tried again with the next checkpoint, or at the next start. */
  #end(key: LogKey): void {
    if (this.#leaving.has(key)) return;
    this.#leaving.add(key);
    this.recordEnd(idOf(key)).then(
      () => this.#gone.add(key),
      () => this.#leaving.delete(key),
    );
  }

  /** SHA-256, hex, of their public keys. */
  get spkis(): readonly string[] {
    return [this.current, ...this.#previous].map(({ signer }) => hash('sha256', signer.spki, 'hex'));
  }

  kinds(): { readonly what: string; readonly kind: KeyKind }[] {
    const previous = this.#previous.map(({ kind }) => ({ what: 'a previous log key', kind }));
    return [{ what: 'the log key', kind: this.current.kind }, ...previous];
  }

  /** Whoever can sign certificates must not be able to sign the record of them. Throws LogKeyError. */
  demandApart(what: string, spki: Uint8Array): void {
    if (this.spkis.includes(hash('sha256', spki, 'hex')))
      throw new LogKeyError(
        `${what} has the key that signs the log: a log is signed by a key of its own, never by a CA's`,
      );
  }

  async close(): Promise<void> {
    await Promise.all([this.current, ...this.#previous].map(({ signer }) => signer.close()));
  }
}

async function openLogKey(
  config: SigningKeyConfig,
  origin: string,
  until: number,
  onHsm: HsmListener,
): Promise<LogKey> {
  const key = await openKey(config, onHsm);
  if (!kinds.includes(key.kind)) {
    await key.signer.close();
    throw new LogKeyError(`a log is signed by a key of ${kinds.join(' or ')}, not of ${key.kind}`);
  }
  const publicKey = createPublicKey({ key: Buffer.from(key.signer.spki), format: 'der', type: 'spki' });
  return { ...key, until, checkpoint: checkpointKey(origin, publicKey, (text) => key.signer.sign(text)) };
}

const idOfVkey = (vkey: string) => keyLabel(parseVkey(vkey));
const idOf = ({ checkpoint }: LogKey) => idOfVkey(checkpoint.vkey);
